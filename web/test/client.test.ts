// What is promised of the TypeScript client, kept in a real browser against the whole
// local stack.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { age } from './aged.js';
import { launch } from './chromium.js';
import { serve, type Pages } from './pages.js';
import { startStack, type Stack } from './stack.js';
import { deferred, pause, until } from './until.js';
import { eicar } from './samples.js';

const MB = 1_000_000;
const MiB = 1 << 20;
const inParts = {
  filename: 'data.bin',
  contentType: 'application/octet-stream',
  method: 'multipart',
  partSize: 5 * MiB,
};
const eight = [1, 2, 3, 4, 5, 6, 7, 8];

let stack: Stack;
let pages: Pages;
let browser: Browser;
let folder: string;

before(
  async () => {
    folder = await mkdtemp(join(tmpdir(), 'vouch-files-'));
    browser = await launch();
    pages = await serve();
    stack = await startStack(pages.origin);
    pages.configure(stack);
  },
  { timeout: 60_000 },
);
after(async () => {
  await browser?.close();
  await stack?.close();
  await pages?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A PUT to S3 that the page has made; `part` is 0 for a whole file. */
interface Put {
  part: number;
  status?: number;
  headers: Record<string, string>;
}

/** A page with the client in a browser that has seen nothing yet. */
class Tab {
  readonly puts: Put[] = [];
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('request', (request) => {
      if (request.method() !== 'PUT') return;
      const put: Put = { part: partOf(new URL(request.url())), headers: request.headers() };
      this.puts.push(put);
      void request.response().then(
        (response) => (put.status = response?.status()),
        () => undefined,
      );
    });
  }

  static async open(): Promise<Tab> {
    const context = await browser.newContext();
    const tab = new Tab(context, await context.newPage());
    await tab.page.goto(`${pages.origin}/client`);
    return tab;
  }

  eval<T>(code: string): Promise<T> {
    return this.page.evaluate(code) as Promise<T>;
  }

  /** Chooses a file of so many random bytes on the disk, as a user does, and returns its SHA-256. */
  async choose(size: number): Promise<string> {
    const path = join(folder, 'data.bin');
    const bytes = randomBytes(size);
    await writeFile(path, bytes);
    await this.page.setInputFiles('input', path);
    return createHash('sha256').update(bytes).digest('base64');
  }

  begin(options: object, text?: string): Promise<number> {
    return this.eval(`begin(${[options, ...(text === undefined ? [] : [text])].map((v) => JSON.stringify(v)).join()})`);
  }

  ended(upload: number): Promise<any> {
    return this.eval(`uploads[${upload}].ended`);
  }

  progress(upload: number): Promise<{ phase: string; id?: string; done: number; total: number }[]> {
    return this.eval(`uploads[${upload}].progress`);
  }

  settled(id: string): Promise<any> {
    return this.eval(`settled(${JSON.stringify(id)})`);
  }

  /** Holds the first PUT of a part back for good; `held` is fulfilled when it is there. */
  async hold(part: number): Promise<{ held: Promise<void> }> {
    const { promise, resolve } = deferred();
    let seen = false;
    await this.page.route(
      (url) => url.href.startsWith(stack.s3) && partOf(url) === part,
      (route) => {
        if (route.request().method() !== 'PUT' || seen) return route.continue();
        seen = true;
        resolve();
      },
    );
    return { held: promise };
  }

  /** The numbers of the parts that S3 took, in order of their number. */
  taken(): number[] {
    return this.puts
      .filter((put) => put.status === 200)
      .map((put) => put.part)
      .sort((a, b) => a - b);
  }
}

const partOf = (url: URL) => Number(url.searchParams.get('partNumber') ?? 0);

describe('the client', () => {
  const test = (name: string, run: (tab: Tab) => Promise<void>) =>
    it(name, { timeout: 60_000 }, async () => {
      const tab = await Tab.open();
      try {
        await run(tab);
      } finally {
        await tab.context.close();
      }
    });

  test('a small file goes by one PUT that S3 holds to its SHA-256, becomes ready, and is downloaded', async (tab) => {
    const sum = createHash('sha256').update('A note.\n').digest('base64');
    const upload = await tab.begin({ filename: 'note.txt', contentType: 'text/plain' }, 'A note.\n');
    const { id } = await tab.ended(upload);
    const file = await tab.settled(id);
    assert.deepEqual([file.status, file.method, file.checksumSHA256], ['ready', 'put', sum]);
    assert.equal(tab.puts.length, 1);
    assert.equal(tab.puts[0]?.headers['x-amz-checksum-sha256'], sum);
    assert.equal(tab.puts[0]?.headers['authorization'], undefined);
    assert.equal(
      await tab.eval(`vouch.download("${id}").then(({ url }) => fetch(url)).then((r) => r.text())`),
      'A note.\n',
    );
    assert.deepEqual((await tab.progress(upload)).at(-1), { phase: 'completing', id, done: 8, total: 8 });
  });

  test('a file of 40 MB is cut in the middle, and goes on with the parts that are missing', async (tab) => {
    const { held } = await tab.hold(5);
    const sum = await tab.choose(40 * MB);
    const upload = await tab.begin(inParts);
    await held;
    await until(() => tab.taken().length === 7, 'all parts but the held one are sent');
    const { id } = (await tab.progress(upload)).at(-1)!;
    await tab.page.reload(); // what a browser that is closed amounts to
    assert.deepEqual(tab.taken(), [1, 2, 3, 4, 6, 7, 8]);
    await tab.page.setInputFiles('input', join(folder, 'data.bin'));
    const again = await tab.begin({ ...inParts, resume: id });
    assert.equal((await tab.ended(again)).id, id);
    const file = await tab.settled(id!);
    assert.deepEqual([file.status, file.method, file.checksumSHA256], ['ready', 'multipart', sum]);
    assert.deepEqual(tab.taken(), eight);
    const progress = await tab.progress(again);
    assert.ok(
      progress.some(({ phase, done }) => phase === 'sending' && done === 40 * MB - 5 * MiB),
      'what S3 holds counts as sent',
    );
    assert.equal(progress.at(-1)?.done, 40 * MB);
  });

  test('a part whose URL has run out is sent to a new one, and no other is sent twice', async (tab) => {
    await age(tab.page, stack, '/files/*/parts', ({ parts }) =>
      parts.find((part: { partNumber: number }) => part.partNumber === 8),
    );
    // When versitygw refuses a part it has no CORS headers, as S3 has.
    await tab.page.route(
      (url) => url.href.startsWith(stack.s3) && partOf(url) === 8,
      async (route) => {
        if (route.request().method() !== 'PUT') return route.continue();
        const response = await route.fetch();
        const headers = { ...response.headers(), 'access-control-allow-origin': pages.origin };
        return route.fulfill({ response, headers });
      },
    );
    await tab.choose(35 * MiB + 1024);
    const { id } = await tab.ended(await tab.begin(inParts));
    assert.equal((await tab.settled(id)).status, 'ready');
    assert.deepEqual(
      tab.puts.filter(({ part }) => part === 8).map(({ status }) => status),
      [403, 200],
    );
    assert.deepEqual(tab.taken(), eight);
  });

  test('so it is if the page cannot read why its URL was refused', async (tab) => {
    await age(tab.page, stack, '/files/*/parts', ({ parts }) =>
      parts.find((part: { partNumber: number }) => part.partNumber === 2),
    );
    await tab.choose(12 * MB);
    const { id } = await tab.ended(await tab.begin(inParts));
    assert.equal((await tab.settled(id)).status, 'ready');
    assert.deepEqual(tab.taken(), [1, 2, 3]);
  });

  test('malware is rejected, and the verdict says why', async (tab) => {
    const { file, shown, kept } = await tab.eval<any>(`sendText('test.txt', 'text/plain', ${JSON.stringify(eicar)})`);
    assert.deepEqual([file.status, file.reason, file.verdict.outcome], ['rejected', 'malware-detected', 'rejected']);
    assert.equal(shown[0], 'sending, 0 %');
    assert.equal(shown.at(-1), 'malware-detected');
    assert.equal(kept, 0, 'uploads that are remembered after they have ended');
    const type = await tab.eval(`vouch.download("${file.id}").catch((err) => [err.type, err.fileStatus])`);
    assert.deepEqual(type, ['urn:vouch:problem:not-ready', 'rejected']);
  });

  test('who gives up has nothing more sent, and may delete what is there', async (tab) => {
    const { held } = await tab.hold(3);
    await tab.choose(40 * MB);
    const upload = await tab.begin(inParts);
    await held;
    await until(() => tab.taken().length === 7, 'all parts but the held one are sent');
    await tab.eval(`uploads[${upload}].stop.abort()`);
    assert.equal((await tab.ended(upload)).error, 'AbortError');
    const puts = tab.puts.length;
    await pause(500);
    assert.equal(tab.puts.length, puts, 'PUTs after it was given up');
    const { id } = (await tab.progress(upload)).at(-1)!;
    assert.equal(await tab.eval(`vouch.get("${id}").then((file) => file.status)`), 'pending');
    await tab.eval(`vouch.delete("${id}")`);
    assert.equal(await tab.eval(`vouch.listParts("${id}").catch((err) => err.type)`), 'urn:vouch:problem:closed');
  });

  test('a file that has changed since it was chosen is not sent', async (tab) => {
    await tab.choose(12 * MB);
    await writeFile(join(folder, 'data.bin'), 'Another.\n');
    assert.equal((await tab.ended(await tab.begin(inParts))).error, 'NotReadableError');
    assert.deepEqual(tab.puts, []);
  });

  test('a type that is refused says so in the words of the API, before a byte is sent', async (tab) => {
    const { error, type, message } = await tab.ended(
      await tab.begin({ filename: 'page.html', contentType: 'text/html' }, '<p>'),
    );
    assert.deepEqual([error, type], ['Problem', 'urn:vouch:problem:content-type-not-allowed']);
    assert.match(message, /text\/html/);
    assert.deepEqual(tab.puts, []);
  });

  test('the list, a grant and the usage are what they were made', async (tab) => {
    const { id } = await tab.ended(await tab.begin({ filename: 'note.txt', contentType: 'text/plain' }, 'Shared.\n'));
    await tab.settled(id);
    const [grant, grants, first, usage] = await tab.eval<any[]>(`(async () => [
      await vouch.putGrant('${id}', { name: 'Zoë of ?/#' }, { level: 'read' }),
      await vouch.grants('${id}'),
      (await vouch.list({ limit: 1 }).next()).value,
      await vouch.usage(),
    ])()`);
    assert.deepEqual([grant.subject, grant.level], ['Zoë of ?/#', 'read']);
    assert.deepEqual(grants, [grant]);
    assert.equal(first.id, id);
    assert.ok(usage.files.used >= 1);
    await tab.eval(`vouch.deleteGrant('${id}', { name: 'Zoë of ?/#' })`);
    assert.deepEqual(await tab.eval(`vouch.grants('${id}')`), []);
  });

  test('how long a file is kept is said and taken back, and its history has it', async (tab) => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const begun = await tab.begin({ filename: 'note.txt', contentType: 'text/plain', expiresAt }, 'For an hour.\n');
    const { id } = await tab.ended(begun);
    assert.equal((await tab.settled(id)).expiresAt, expiresAt);
    assert.deepEqual(await tab.eval(`vouch.setRetention('${id}', null)`), {});
    const actions = await tab.eval<string[]>(`(async () => {
      const actions = [];
      for await (const { action, status } of vouch.history('${id}', { limit: 1 })) actions.push(status ?? action);
      return actions;
    })()`);
    assert.equal(actions[0], 'retention-set');
    assert.equal(actions[1], 'ready');
    assert.ok(actions.includes('upload-presigned'), actions.join());
  });

  test('100 MB are hashed while the page goes on, in memory that does not grow with them', async (tab) => {
    const sum = await tab.choose(100 * MB);
    const peak = await watchMemory();
    const hashed = await tab.eval<{ sum: string; ticks: number; longest: number; told: number; took: number }>(
      'hashChosen()',
    );
    const grown = await peak.stop();
    assert.equal(hashed.sum, sum);
    assert.ok(hashed.told > 1, 'it says how far it is');
    // On the page's own thread the timer would have gone off no more than between two chunks.
    assert.ok(hashed.ticks > 10, `a timer of 10 ms went off ${hashed.ticks} times in ${hashed.took} ms`);
    assert.ok(hashed.longest < hashed.took / 2, `the page stood still for ${hashed.longest} of ${hashed.took} ms`);
    if (grown !== undefined) assert.ok(grown < 50 * MB, `the browser has grown by ${grown} bytes`);
  });
});

/**
 * Watches the memory of the pages' processes; stop returns by how many bytes their sum
 * has grown at most, and undefined where there is no /proc.
 */
async function watchMemory(): Promise<{ stop(): Promise<number | undefined> }> {
  const session = await browser.newBrowserCDPSession();
  const measure = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer');
    const status = await Promise.all(renderers.map(({ id }) => readFile(`/proc/${id}/status`, 'utf8').catch(() => '')));
    return status.reduce((sum, text) => sum + 1024 * Number(/^RssAnon:\s+(\d+)/m.exec(text)?.[1] ?? 0), 0);
  };
  if (process.platform !== 'linux') return { stop: async () => undefined };
  const before = await measure();
  let most = before;
  let on = true;
  const watching = (async () => {
    for (; on; await pause(50)) most = Math.max(most, await measure());
  })();
  return {
    async stop() {
      on = false;
      await watching;
      await session.detach();
      return most - before;
    },
  };
}
