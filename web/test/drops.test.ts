// What is promised of folders, of large files, of the network's going away, and of what
// is shown: kept in a real browser against the whole local stack.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Page, Request } from 'playwright-core';
import { png, wav } from './samples.js';
import { Site, textOf } from './tab.js';
import { deferred, until } from './until.js';

let site: Site;
before(async () => void (site = await Site.start()), { timeout: 60_000 });
after(() => site?.close());

/** Writes files below a folder of the tests', and returns where that is. */
async function folderOf(name: string, files: Record<string, string | Buffer>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const at = join(site.folder, name, path);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, content);
  }
  return join(site.folder, name);
}

/** Drops files or folders of the disk on the page, as a hand does. */
async function drop(page: Page, ...paths: string[]): Promise<void> {
  const { x, y, width, height } = (await page.getByText('or drop them here').boundingBox())!;
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + height / 2, data });
  }
  await session.detach();
}

const all = (page: Page) => page.getByRole('group', { name: 'All uploads' });
const rows = (page: Page) => page.getByRole('list', { name: 'Uploads' }).getByRole('listitem');

/** The part that a request sends to S3; undefined of any other. */
function partOf(request: Request): number | undefined {
  const part = new URL(request.url()).searchParams.get('partNumber');
  return request.method() === 'PUT' && part !== null ? Number(part) : undefined;
}

const isS3 = (url: URL) => url.href.startsWith(site.stack.s3);
const isFiles = (url: URL) => url.pathname === '/files';

/** The SHA-256 of a file, read as it comes. */
async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

describe('folders', () => {
  it('are sent with all that is below them; what is refused stops no other', { timeout: 90_000 }, async () => {
    const notes = Object.fromEntries(
      Array.from({ length: 12 }, (_, n) => [`2024/${n % 3}/note ${n}.txt`, `note ${n}`]),
    );
    const folder = await folderOf('notes', {
      ...notes,
      'index.html': '<h1>no</h1>',
      '2024/picture.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
      '2024/.DS_Store': 'of the system',
      '2024/0/Thumbs.db': 'of the system',
      '2024/0/nothing.txt': '',
    });
    const tab = await site.of('erin');
    const { page } = tab;
    const asked: string[] = [];
    page.on(
      'request',
      (r) => r.method() === 'POST' && isFiles(new URL(r.url())) && asked.push(r.postDataJSON().filename),
    );
    await drop(page, folder);
    await all(page).getByText('12 of 14 sent, 2 refused').waitFor();
    await page.getByText('Left out: 1 empty file (notes/2024/0/nothing.txt), 2 system files').waitFor();
    await tab
      .upload('notes/2024/1/note 4.txt')
      .getByText(/^Ready$/)
      .waitFor();
    assert.equal(await tab.upload('notes/index.html').getByText('Files of this type are not taken.').count(), 1);
    assert.equal(await tab.upload('notes/2024/picture.svg').getByText('Files of this type are not taken.').count(), 1);
    assert(
      asked.every((name) => !name.includes('/')),
      'the API is told of no path',
    );
    await until(
      async () =>
        (await rows(page)
          .filter({ has: page.getByText(/^Ready$/) })
          .count()) === 12,
      'all are verified',
    );
    await tab.listed('note 11.txt').waitFor();
    await tab.audit('what became of a folder');

    await all(page).getByRole('button', { name: 'Hide those that are done' }).click();
    assert.equal(await rows(page).count(), 0);
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder to upload' }).click();
    await (
      await chooser
    ).setFiles(await folderOf('more', { 'a/one.txt': 'one', 'b/one.txt': 'another', 'b/Desktop.ini': '' }));
    await tab
      .upload('more/a/one.txt')
      .getByText(/^Ready$/)
      .waitFor();
    await tab
      .upload('more/b/one.txt')
      .getByText(/^Ready$/)
      .waitFor();
    await all(page).getByText('2 of 2 sent').waitFor();
    await tab.close();
  });

  it(
    'of thousands of files are read while the page goes on, and shown as far as somebody can look',
    { timeout: 90_000 },
    async (t) => {
      const many = Object.fromEntries(Array.from({ length: 3000 }, (_, n) => [`${n % 30}/${n}.txt`, `${n}`]));
      const folder = await folderOf('many', many);
      const tab = await site.of('frank');
      const { page } = tab;
      let { promise: held, resolve: hold } = deferred();
      await page.route(isFiles, (route) => (route.request().method() === 'POST' ? hold() : route.continue()));
      await watchTurns(page);
      await drop(page, folder);
      await all(page).getByText('0 of 3000 sent').waitFor();
      await held;
      t.diagnostic(`the longest turn of the page: ${await longestTurn(page)} ms`);
      assert.equal(await rows(page).count(), 100);
      await page.getByText('100 of 3000 are shown').waitFor();
      assert.equal(await rows(page).filter({ hasText: 'Reading' }).count(), 6, 'as many as are sent at once');

      await all(page).getByRole('button', { name: 'Pause all' }).click();
      await until(async () => (await rows(page).filter({ hasText: 'Paused' }).count()) === 100, 'all are paused');
      await tab.audit('thousands of uploads');

      // What has run out for one has for all: none of the others is tried.
      ({ promise: held, resolve: hold } = deferred());
      await page.evaluate(`{ const now = Date.now() + 3600_000; Date.now = () => now; }`);
      await all(page).getByRole('button', { name: 'Resume all' }).click();
      await all(page).getByText('6 failed').waitFor();
      assert.equal(await rows(page).filter({ hasText: 'Your sign-in has run out.' }).count(), 6);
      assert.equal(await rows(page).filter({ hasText: 'Paused' }).count(), 94);

      await all(page).getByRole('button', { name: 'Cancel all' }).click();
      await until(async () => (await rows(page).count()) === 6, 'only what has failed is left');
      assert.equal(await tab.focused(), 'Choose files to upload');
      await tab.close();
    },
  );
});

describe('the network', () => {
  it('may go: what was sent is not sent again, and nobody has to do anything', { timeout: 90_000 }, async () => {
    const tab = await site.of('grace');
    const { page } = tab;
    const arrived: number[] = [];
    let tries = 0;
    page.on('requestfinished', async (request) => {
      const part = partOf(request);
      if (part !== undefined && (await request.response())?.status() === 200) arrived.push(part);
    });
    const { promise: held, resolve: hold } = deferred();
    let letThrough = false;
    await page.route(isS3, (route) => {
      const part = partOf(route.request());
      if (part !== undefined) tries++;
      return part === 5 && !letThrough ? hold() : route.continue();
    });
    await tab.choose('film.bin', randomBytes(40_000_000));
    await held;
    await until(() => arrived.length === 4, 'all other parts are there');
    await page.context().setOffline(true);
    const row = tab.upload('film.bin');
    await row.getByText('Waiting for the network').waitFor();
    await row.getByRole('button', { name: 'Pause' }).waitFor();
    await tab.audit('an upload that waits for the network');
    letThrough = true;
    const before = tries;
    await page.context().setOffline(false);
    await row.getByText(/^Ready$/).waitFor();
    assert.deepEqual(arrived.sort(), [1, 2, 3, 4, 5]);
    assert.equal(tries - before, 1, 'of five parts one was missing');
    assert.equal(await tab.listed('film.bin').count(), 1);
    await tab.close();
  });

  it('may go without the browser saying so, and at any time', { timeout: 90_000 }, async () => {
    const tab = await site.of('heidi');
    const { page } = tab;
    let gone = true;
    const reached = (url: URL) => isS3(url) || url.href.startsWith(site.stack.api);
    await page.route(reached, (route) => (gone ? route.abort('internetdisconnected') : route.continue()));
    await tab.choose('letter.txt', 'Dear Bob,\n');
    await tab.choose('other.txt', 'Dear Ann,\n');
    await all(page).getByText('Waiting for the network').waitFor();
    gone = false;
    await tab
      .upload('letter.txt')
      .getByText(/^Ready$/)
      .waitFor();
    await tab
      .upload('other.txt')
      .getByText(/^Ready$/)
      .waitFor();

    await page.route('**/complete', async (route) => {
      await route.continue();
      gone = true; // once the bytes are there
    });
    await tab.choose('third.txt', 'Dear Eve,\n');
    await tab.upload('third.txt').getByText('Waiting for the network').waitFor();
    await page.unroute('**/complete');
    gone = false;
    await tab
      .upload('third.txt')
      .getByText(/^Ready$/)
      .waitFor();
    await tab.close();
  });
});

describe('a preview', () => {
  it('shows what can run nothing, from a URL that lives as long as it has to', { timeout: 90_000 }, async () => {
    const tab = await site.of('ivan');
    const { page } = tab;
    const line = 'Ein Stück Text, Zeile für Zeile.\n';
    const text = line.repeat(4000);
    const samples = { 'picture.png': png(64, 48), 'text.txt': text, 'sound.wav': wav(1), 'data.bin': randomBytes(100) };
    for (const [name, content] of Object.entries(samples)) {
      await tab.choose(name, content);
      await tab
        .upload(name)
        .getByText(/^Ready$/)
        .waitFor();
    }
    assert.equal(await tab.listed('data.bin').getByRole('button', { name: 'Preview' }).count(), 0);

    const dialog = page.getByRole('dialog');
    const show = async (name: string) => {
      await tab
        .listed(name)
        .getByRole('button', { name: `Preview ${name}` })
        .click();
      await dialog.getByRole('heading', { name }).waitFor();
    };
    const got: Request[] = [];
    const urls: { url: string; authorization: string }[] = [];
    page.on('request', (request) => {
      if (isS3(new URL(request.url())) && request.method() === 'GET') got.push(request);
      const { authorization = '' } = request.headers();
      if (request.url().endsWith('/download')) urls.push({ url: request.url(), authorization });
    });

    // S3 refuses the first URL, as one that has run out.
    let refused = 0;
    await page.route(isS3, (route) => (refused++ ? route.continue() : route.fulfill({ status: 403 })));
    await show('picture.png');
    const image = dialog.getByRole('img', { name: 'Preview of picture.png' });
    await until(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth === 64), 'the image is shown');
    assert.equal(got.length, 2);
    assert.equal(urls.length, 2, 'another URL was asked for');
    await tab.audit('the preview of an image');
    await page.keyboard.press('Escape');
    assert.equal(await tab.focused(), 'Preview picture.png', 'the keyboard is where it was');

    await show('text.txt');
    const shown = dialog.getByRole('region', { name: 'Text of text.txt' });
    await shown.getByText('Zeile für Zeile').waitFor();
    assert.equal(
      await shown.textContent(),
      Buffer.from(text)
        .subarray(0, 64 << 10)
        .toString(),
    );
    await dialog.getByText('The first 65.5 kB of 140 kB').waitFor();
    assert.equal(got.length, 3);
    assert.equal((await got[2]!.response())!.status(), 206, 'no more is fetched than is shown');
    await tab.audit('the preview of a text');
    await page.keyboard.press('Escape');

    await show('sound.wav');
    const sound = dialog.getByLabel('sound.wav', { exact: true });
    await until(
      () => sound.evaluate((audio: HTMLAudioElement) => audio.readyState > 0 && audio.duration === 1),
      'it can be heard',
    );
    await tab.audit('the preview of a sound');
    await page.keyboard.press('Escape');

    // What no URL shows is asked for once more, and then no longer.
    await page.unroute(isS3);
    await page.route(isS3, (route) => route.fulfill({ status: 200, contentType: 'image/png', body: 'no image' }));
    got.length = 0;
    await show('picture.png');
    await dialog.getByText('It cannot be shown here. It can be downloaded.').waitFor();
    assert.equal(got.length, 2);
    await page.unroute(isS3);

    // Each URL is in the trail, as those of other downloads are.
    const { url, authorization } = urls[0]!;
    const trail = await fetch(url.replace(/download$/, 'history'), { headers: { authorization } });
    const { events }: { events: { action: string }[] } = await trail.json();
    const ofPicture = urls.filter((asked) => asked.url === url);
    assert.equal(events.filter(({ action }) => action === 'download-presigned').length, ofPicture.length);
    assert(
      got.every((request) => !('authorization' in request.headers())),
      'no token goes to S3',
    );
    await tab.close();
  });
});

describe('a file of 200 MB', () => {
  it('goes up in parts, hashed beside the page, and comes down the same', { timeout: 90_000 }, async (t) => {
    const size = 200_000_000;
    const tab = await site.of('judy');
    const { page } = tab;
    await page.evaluate(recordReads);
    await watchTurns(page);
    const memory = await peakMemory();
    const parts = new Map<number, number>();
    page.on('request', (request) => {
      const part = partOf(request);
      if (part !== undefined) parts.set(part, (parts.get(part) ?? 0) + 1);
    });
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    const path = await tab.choose('large.bin', randomBytes(size));
    await tab
      .upload('large.bin')
      .getByText(/^Ready$/)
      .waitFor();
    assert.deepEqual([...parts.values()], Array(Math.ceil(size / (8 << 20))).fill(1), 'each part was sent once');
    assert.equal(workers.length, 1);
    const read = await page.evaluate<number>('globalThis.largestRead');
    assert.equal(read, 0, 'the page itself reads nothing of it');
    const grown = (await memory()) / 1e6;
    assert(grown < size / 2e6, `the page's process grew by ${grown} MB`);
    t.diagnostic(
      `the longest turn of the page: ${await longestTurn(page)} ms; its process grew by ${grown.toFixed(0)} MB`,
    );

    const coming = page.waitForEvent('download');
    await tab.listed('large.bin').getByRole('button', { name: 'Download large.bin' }).click();
    assert.equal(await sha256(await (await coming).path()), await sha256(path));
    await tab.close();
  });
});

describe('the keyboard alone', () => {
  it('does all there is to do with a file', { timeout: 60_000 }, async () => {
    const tab = await site.open();
    const { page } = tab;
    const press = async (what: string) => (await tab.tabTo(what), page.keyboard.press('Enter'));
    await page.goto(site.stack.api);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await press('Sign in');
    await page.getByLabel('Name').waitFor();
    await tab.tabTo('name');
    await page.keyboard.type('kim');
    await page.keyboard.press('Enter');
    await page.getByText('Signed in as kim').waitFor();

    const folder = await folderOf('by keys', { 'keys.txt': 'by keyboard' });
    const chooser = page.waitForEvent('filechooser');
    await press('Choose a folder to upload');
    await (await chooser).setFiles(folder);
    await until(
      () => page.getByRole('status').filter({ hasText: 'by keys/keys.txt: Ready' }).count(),
      'it is said aloud',
    );
    await page.getByRole('button', { name: 'Preview keys.txt' }).waitFor();

    await press('Preview keys.txt');
    await page.getByRole('dialog').getByText('by keyboard').waitFor();
    await press('Close the preview');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await tab.focused(), 'Preview keys.txt');

    const coming = page.waitForEvent('download');
    await press('Download keys.txt');
    assert.equal(await textOf(await coming), 'by keyboard');

    await press('Share keys.txt');
    await page.getByRole('dialog').getByText('Nobody but you.').waitFor();
    await page.keyboard.type('lena'); // the dialog begins with whom
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('lena may download').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await press('Delete keys.txt');
    await page.getByRole('dialog').waitFor();
    await press('Delete keys.txt');
    await tab.listed('keys.txt').waitFor({ state: 'detached' });
    assert.equal(await tab.focused(), 'Your files');
    await tab.close();
  });
});

/** Has the page remember the most bytes of a blob that its own thread reads at once. */
function recordReads(): void {
  Object.assign(globalThis, { largestRead: 0 });
  for (const method of ['arrayBuffer', 'bytes', 'stream', 'text'] as const) {
    const own = (Blob.prototype as any)[method];
    (Blob.prototype as any)[method] = function (this: Blob) {
      (globalThis as any).largestRead = Math.max((globalThis as any).largestRead, this.size);
      return own.call(this);
    };
  }
}

/** Has the page measure how long its thread is taken by one thing. */
async function watchTurns(page: Page): Promise<void> {
  await page.evaluate(`{
    let last = performance.now();
    globalThis.longestTurn = 0;
    setInterval(() => {
      const now = performance.now();
      globalThis.longestTurn = Math.max(globalThis.longestTurn, now - last);
      last = now;
    }, 10);
  }`);
}

const longestTurn = async (page: Page) => Math.round(await page.evaluate<number>('globalThis.longestTurn'));

/** Returns what says by how many bytes the page's process has grown since, at its largest. */
async function peakMemory(): Promise<() => Promise<number>> {
  const browser = await site.browser.newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
  const read = async (field: string) => {
    let sum = 0;
    for (const pid of renderers) {
      const kB = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
      sum += Number(kB) * 1024;
    }
    return sum;
  };
  const before = await read('VmHWM');
  return async () => (await read('VmHWM')) - before;
}
