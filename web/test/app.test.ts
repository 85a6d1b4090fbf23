// What is promised of the web page, kept in a real browser against the whole local
// stack, which serves it with the headers that CloudFront has.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { Site, textOf } from './tab.js';
import { deferred, until } from './until.js';
import { eicar } from './samples.js';


let site: Site;
before(async () => void (site = await Site.start()), { timeout: 60_000 });
after(() => site?.close());

describe('the web page', () => {
  it('takes a small file, sees it verified, gives it back, and deletes it', { timeout: 60_000 }, async () => {
    const tab = await site.of('alice');
    const { page } = tab;
    await tab.send('letter.txt', 'Dear Bob,\n', /^Ready$/);
    await tab.audit('the list');
    const coming = page.waitForEvent('download');
    await tab.listed('letter.txt').getByRole('button', { name: 'Download letter.txt' }).click();
    const download = await coming;
    assert.equal(download.suggestedFilename(), 'letter.txt');
    assert.equal(await textOf(download), 'Dear Bob,\n');

    await page.getByLabel('Name has').fill('nothing of this name');
    await page.getByText('0 files', { exact: true }).waitFor();
    await page.getByLabel('Name has').fill('LETTER');
    await page.getByText('1 file', { exact: true }).waitFor();
    await page.getByLabel('Status').selectOption('rejected');
    await tab.listed('letter.txt').waitFor({ state: 'detached' });
    await page.getByLabel('Status').selectOption('ready');

    await tab.listed('letter.txt').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
    await tab.listed('letter.txt').getByRole('button', { name: 'Delete' }).click();
    await tab.audit('the dialog that asks whether to delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await tab.listed('letter.txt').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await tab.audit('the view to sign in');
    assert.equal(await page.evaluate('sessionStorage.length + localStorage.length'), 0);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Name').waitFor(); // the issuer has signed out too
    await tab.close();
  });

  it('says in plain words why malware is rejected, on a phone too', { timeout: 60_000 }, async () => {
    const tab = await site.of('alice');
    await tab.page.setViewportSize({ width: 320, height: 640 });
    const dropped = await tab.page.evaluateHandle((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], 'invoice.txt', { type: 'text/plain' }));
      return data;
    }, eicar);
    await tab.page.getByText('or drop them here').dispatchEvent('drop', { dataTransfer: dropped });
    await tab.upload('invoice.txt').getByText('Rejected: A virus scanner knows it as malware.').waitFor();
    const row = tab.listed('invoice.txt');
    await row.getByText('rejected: A virus scanner knows it as malware.').waitFor();
    assert.equal(await row.getByRole('button', { name: 'Download' }).count(), 0);
    await tab.audit('the view of uploads on a phone');
    await tab.close();
  });

  it('shares a file with somebody, who can download it until that is revoked', { timeout: 60_000 }, async () => {
    const alice = await site.of('alice');
    await alice.send('shared.txt', 'for Bob', /^Ready$/);
    await alice.listed('shared.txt').getByRole('button', { name: 'Share shared.txt' }).click();
    const dialog = alice.page.getByRole('dialog');
    const path = new URL(await dialog.getByLabel('Where they find it').inputValue()).pathname;

    const bob = await site.of('bob', path);
    await bob.page.getByText('There is no such file').waitFor();
    await dialog.getByLabel('Whom').fill('bob');
    await dialog.getByRole('button', { name: 'Share' }).click();
    await dialog.getByText('bob may download').waitFor();
    await alice.audit('the dialog that shares');

    await bob.page.reload(); // signs in again without being asked, and is back at the file
    const coming = bob.page.waitForEvent('download');
    await bob.page.getByRole('button', { name: 'Download shared.txt' }).click();
    assert.equal(await textOf(await coming), 'for Bob');
    assert.equal(await bob.page.getByRole('button', { name: 'Delete' }).count(), 0);
    await bob.audit('the view of a file');

    await dialog.getByRole('button', { name: 'Revoke bob' }).click();
    await dialog.getByText('Nobody but you.').waitFor();
    await bob.page.getByRole('button', { name: 'Download shared.txt' }).click();
    await bob.page.getByText('There is no such file').waitFor();
    await alice.close();
    await bob.close();
  });

  it('can be used by keyboard alone', { timeout: 60_000 }, async () => {
    const tab = await site.open();
    const { page } = tab;
    await page.goto(site.stack.api);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await tab.tabTo('Sign in');
    await page.keyboard.press('Enter');
    await page.getByLabel('Name').waitFor();
    await tab.tabTo('name');
    await page.keyboard.type('carol');
    await page.keyboard.press('Enter');
    await page.getByText('Signed in as carol').waitFor();
    await tab.tabTo('Choose files to upload');
    const path = join(site.folder, 'keys.txt');
    await writeFile(path, 'by keyboard');
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(path);
    await page.getByRole('button', { name: 'Download keys.txt' }).waitFor();
    await until(() => page.getByRole('status').filter({ hasText: 'keys.txt: Ready' }).count(), 'it is said aloud');
    await tab.tabTo('Download keys.txt');
    const coming = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    assert.equal(await textOf(await coming), 'by keyboard');
    await tab.tabTo('Delete keys.txt');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await tab.focused(), 'Delete keys.txt', 'the keyboard is where it was');
    await tab.close();
  });

  it('goes on with an upload after a reload, and sends only what is missing', { timeout: 90_000 }, async () => {
    const tab = await site.of('dora');
    const { page } = tab;
    const sent: number[] = [];
    let { promise: held, resolve: hold } = deferred();
    let letThrough = false;
    await page.route(
      (url) => url.href.startsWith(site.stack.s3) && url.searchParams.has('partNumber'),
      (route) => {
        if (route.request().method() !== 'PUT') return route.continue();
        const part = Number(new URL(route.request().url()).searchParams.get('partNumber'));
        if (part === 5 && !letThrough) return hold();
        sent.push(part);
        return route.continue();
      },
    );
    const done = [1, 2, 3, 4].map((part) => partDone(page, part));
    const path = await tab.choose('film.bin', randomBytes(40_000_000));
    await held;
    assert.deepEqual(await Promise.all(done), [200, 200, 200, 200]);
    await tab.upload('film.bin').getByRole('button', { name: 'Pause' }).click();
    await tab.upload('film.bin').getByText('Paused').waitFor();
    ({ promise: held, resolve: hold } = deferred());
    await tab.upload('film.bin').getByRole('button', { name: 'Resume' }).click();
    await held;
    await page.reload();

    const row = tab.upload('film.bin');
    await row.getByText('Choose the same file again').waitFor();
    const kept: string = await page.evaluate('JSON.stringify({ ...sessionStorage, ...localStorage })');
    assert.doesNotMatch(kept, /eyJ/, 'no token is kept');
    letThrough = true;
    const chooser = page.waitForEvent('filechooser');
    await row.getByRole('button', { name: 'Choose it again' }).click();
    await (await chooser).setFiles(path);
    await row.getByText(/^Ready$/).waitFor();
    assert.deepEqual(sent.sort(), [1, 2, 3, 4, 5]);
    assert.equal(await tab.listed('film.bin').count(), 1);

    letThrough = false;
    ({ promise: held, resolve: hold } = deferred());
    await tab.choose('other.bin', randomBytes(40_000_000));
    await held;
    await tab.upload('other.bin').getByRole('button', { name: 'Cancel' }).click();
    await tab.upload('other.bin').waitFor({ state: 'detached' });
    await page.getByLabel('Status').selectOption('deleted');
    const refresh = page.getByRole('button', { name: 'Refresh' });
    await until(async () => (await refresh.click(), tab.listed('other.bin').count()), 'what is cancelled is deleted');
    await tab.close();
  });

  it('shows a page of files at a time, and signs in again when the sign-in has run out', { timeout: 60_000 }, async () => {
    const tab = await site.of('alice');
    const { page } = tab;
    await page.route(
      (url) => url.pathname === '/files',
      (route) => {
        const url = new URL(route.request().url());
        url.searchParams.set('limit', '1');
        return route.request().method() === 'GET' ? route.continue({ url: url.href }) : route.continue();
      },
    );
    await tab.send('page.txt', 'one of several', /^Ready$/);
    await page.getByRole('meter', { name: 'Quota' }).waitFor();
    const rows = page.getByRole('list', { name: 'Your files' }).getByRole('listitem');
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('1 file so far').waitFor();
    assert.equal(await rows.count(), 1);
    await page.getByRole('button', { name: 'More files' }).click();
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);

    await page.evaluate(`{ const now = Date.now() + 3600_000; Date.now = () => now; }`);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByRole('alert').filter({ hasText: 'Your sign-in has run out.' }).waitFor();
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.getByRole('alert').filter({ hasText: 'run out' }).waitFor({ state: 'detached' });
    await page.getByText('Signed in as alice').waitFor(); // the issuer remembers who it was
    await tab.close();
  });
});

/** The status that S3 answers to a part with. */
async function partDone(page: Page, part: number): Promise<number> {
  const isIt = (url: string) => new URL(url).searchParams.get('partNumber') === String(part);
  const response = await page.waitForResponse((r) => r.request().method() === 'PUT' && isIt(r.url()));
  return response.status();
}
