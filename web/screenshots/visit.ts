import { randomBytes } from 'node:crypto';
import type { Locator, Page } from 'playwright-core';
import { eicar } from '../test/samples.js';
import type { Site, Tab } from '../test/tab.js';
import type { View } from './views.js';

/** When each of Alice's files was sent, as the pictures have it; the newest last. */
const times: Record<string, string> = {
  'notes.txt': '2026-11-24T08:02:00Z',
  'figures.csv': '2026-11-24T08:15:00Z',
  'holiday.png': '2026-11-24T08:31:00Z',
  'invoice.txt': '2026-11-24T08:47:00Z',
  'contract.pdf': '2026-11-24T09:04:00Z',
  'minutes.txt': '2026-11-24T09:05:00Z',
};

/** The file that verification never ends of, so that it can be seen. */
const held = 'minutes.txt';

/**
 * Alice at the page of a stack. Everything that is seen is the stack's own answer, but
 * that times are always the same, and that one file is held as being verified.
 */
export class Visit {
  /** The id that stands for a random one where an address is to be seen. */
  readonly example = '0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e';

  private constructor(private readonly tab: Tab) {}

  static async begin(site: Site, view: Omit<View, 'show'> = {}): Promise<Visit> {
    const tab = await site.open({
      viewport: { width: view.width ?? 1000, height: view.height ?? 880 },
      colorScheme: view.dark ? 'dark' : 'light',
      timezoneId: 'Europe/London',
    });
    await tab.page.route(
      (url) => url.href.startsWith(`${site.stack.api}/files`),
      async (route) => {
        if (route.request().method() !== 'GET') return route.continue();
        const response = await route.fetch();
        const answer = await response.json();
        for (const file of answer.files ?? [answer]) {
          file.createdAt = times[file.filename] ?? file.createdAt;
          if (file.filename === held && file.status === 'ready') file.status = 'verifying';
        }
        await route.fulfill({ response, json: answer });
      },
    );
    await tab.signIn('alice');
    return new Visit(tab);
  }

  get page(): Page {
    return this.tab.page;
  }

  /** Sends the files that every picture has, and waits for what becomes of them. */
  async fill(): Promise<void> {
    const png = await this.page.screenshot();
    const pdf = await this.page.pdf({ format: 'A4' });
    const contents: Record<keyof typeof times, string | Buffer> = {
      'notes.txt': 'Dear Bob,\n'.repeat(40),
      'figures.csv': 'month,files\n' + Array.from({ length: 900 }, (_, n) => `${n},${n * n}\n`).join(''),
      'holiday.png': png,
      'invoice.txt': eicar,
      'contract.pdf': pdf,
      'minutes.txt': 'They met at nine.\n'.repeat(300),
    };
    for (const [name, content] of Object.entries(contents)) {
      await this.tab.send(name, content, name === held ? 'Being verified' : /^(Ready|Rejected: .*)$/);
    }
  }

  /** A file in the list. */
  async listed(name: string): Promise<Locator> {
    const row = this.tab.listed(name);
    await row.waitFor();
    return row;
  }

  /** The dialog that a button of a file opens. */
  async dialog(button: string, name: string): Promise<Locator> {
    await (await this.listed(name)).getByRole('button', { name: `${button} ${name}` }).click();
    const dialog = this.page.getByRole('dialog');
    await dialog.waitFor();
    return dialog;
  }

  /** Sends a file over a line of 6 MB/s until half of it is there. */
  async sending(name: string): Promise<void> {
    const network = await this.page.context().newCDPSession(this.page);
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: 6_000_000,
    });
    await this.tab.choose(name, randomBytes(64_000_000));
    await this.tab.upload(name).getByText(/^Sending, (4|5)\d %, .*left$/).waitFor();
  }

  /** Puts a text into a field in place of one that differs each time. */
  async write(field: Locator, text: string): Promise<void> {
    await field.evaluate((input, value) => void ((input as HTMLInputElement).value = value), text);
  }

  /** Leaves, and takes away what would be seen in the next picture. */
  async end(): Promise<void> {
    const cancel = this.page.getByRole('button', { name: 'Cancel' });
    if (await cancel.count()) {
      const gone = this.page.waitForResponse((response) => response.request().method() === 'DELETE');
      await cancel.click();
      await gone;
    }
    await this.tab.close();
  }
}
