// The web page as somebody sees it: in a browser of their own, served by a whole local
// stack with the headers that CloudFront has.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Download, Locator, Page } from 'playwright-core';
import { launch } from './chromium.js';
import { startStack, type Stack } from './stack.js';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const patience = 30_000; // ms

/** A stack that serves the page, with a browser to look at it and a folder for the files that are sent. */
export class Site {
  private constructor(
    readonly stack: Stack,
    readonly browser: Browser,
    readonly folder: string,
  ) {}

  static async start(): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), 'vouch-page-'));
    const browser = await launch();
    try {
      return new Site(await startStack(), browser, folder);
    } catch (err) {
      await browser.close();
      throw err;
    }
  }

  /** A tab for somebody who has not signed in, and is nowhere yet. */
  open(as: BrowserContextOptions = {}): Promise<Tab> {
    return Tab.open(this, as);
  }

  /** Signs somebody in with a browser of their own, and is where the page then leads. */
  async of(name: string, path = '/'): Promise<Tab> {
    const tab = await this.open();
    await tab.signIn(name, path);
    return tab;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.stack.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The page in a browser of somebody's own. */
export class Tab {
  private constructor(
    readonly page: Page,
    private readonly site: Site,
    /** What the page's policy has refused, and errors that nobody has caught. */
    readonly faults: string[],
  ) {}

  static async open(site: Site, as: BrowserContextOptions = {}): Promise<Tab> {
    const context = await site.browser.newContext({ locale: 'en-GB', ...as });
    await context.addInitScript({ path: axePath });
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const faults: string[] = [];
    page.on('pageerror', (err) => faults.push(err.message));
    page.on('console', (said) => said.text().includes('Security Policy') && faults.push(said.text()));
    page.on('dialog', (dialog) => void dialog.accept());
    page.on('filechooser', () => undefined); // from the beginning, or the first key may come before anybody listens
    return new Tab(page, site, faults);
  }

  async signIn(name: string, path = '/'): Promise<void> {
    const { page } = this;
    await page.goto(this.site.stack.api + path);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText(`Signed in as ${name}`).waitFor();
  }

  /** Chooses a file of this content, and returns where it is. */
  async choose(name: string, content: string | Buffer): Promise<string> {
    const path = join(this.site.folder, name);
    await writeFile(path, content);
    const chooser = this.page.waitForEvent('filechooser');
    await this.page.getByRole('button', { name: 'Choose files to upload' }).click();
    await (await chooser).setFiles(path);
    return path;
  }

  upload(name: string): Locator {
    return this.page.getByRole('list', { name: 'Uploads' }).getByRole('listitem').filter({ hasText: name });
  }

  listed(name: string): Locator {
    return this.page.getByRole('list', { name: 'Your files' }).getByRole('listitem').filter({ hasText: name });
  }

  /** Sends a file and waits for what becomes of it. */
  async send(name: string, content: string | Buffer, end: string | RegExp): Promise<void> {
    await this.choose(name, content);
    await this.upload(name).getByText(end).waitFor();
  }

  /** The text, or the name, of what has the keyboard. */
  async focused(): Promise<string> {
    return this.page.evaluate<string>(
      `(document.activeElement?.textContent || document.activeElement?.name || '').trim()`,
    );
  }

  /** Waits until what has this text or name has the keyboard. */
  async regains(what: string): Promise<void> {
    for (let tries = 0; tries < 50 && (await this.focused()) !== what; tries++) await this.page.waitForTimeout(100);
    assert.equal(await this.focused(), what, 'the keyboard is where it was');
  }

  /** Presses Tab until what has this text or name has the keyboard. */
  async tabTo(what: string): Promise<void> {
    for (let presses = 0; presses < 40; presses++) {
      if ((await this.focused()) === what) return;
      await this.page.keyboard.press('Tab');
    }
    assert.fail(`Tab never comes to ${what}`);
  }

  /** What axe finds wrong with what is shown, by light and in the dark. */
  async audit(what: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      const found: { id: string; at: string[] }[] = await this.page.evaluate(
        `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => ({ id, at: nodes.map((node) => node.html) })))`,
      );
      assert.deepEqual(found, [], `${what}, ${colorScheme}`);
    }
    const wide = await this.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    assert.equal(wide, false, `${what} is wider than the window`);
  }

  /** Ends the visit; nothing must have been refused by the page's policy. */
  async close(): Promise<void> {
    assert.deepEqual(this.faults, []);
    await this.page.context().close();
  }
}

export const textOf = async (download: Download) => readFile(await download.path(), 'utf8');
