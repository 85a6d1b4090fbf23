// What is promised of Uppy, kept by the real Uppy in a real browser against the
// whole local stack.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { age } from './aged.js';
import { launch } from './chromium.js';
import { serve, type Pages } from './pages.js';
import { startStack, type Stack } from './stack.js';
import { deferred, pause, until } from './until.js';
import { eicar } from './samples.js';

const MiB = 1024 * 1024;

let stack: Stack;
let pages: Pages;
let browser: Browser;

before(
  async () => {
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
});

/** A PUT to S3; `part` is 0 for a whole file. */
interface Put {
  part: number;
  status?: number;
  headers: Record<string, string>;
}

/** A page with Uppy in a browser that has seen nothing yet. */
class Tab {
  readonly puts: Put[] = [];
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('request', (request) => {
      if (request.method() !== 'PUT' || !request.url().startsWith(stack.s3)) return;
      const part = Number(new URL(request.url()).searchParams.get('partNumber') ?? 0);
      const put: Put = { part, headers: request.headers() };
      this.puts.push(put);
      void request.response().then(
        (response) => (put.status = response?.status()),
        () => undefined,
      );
    });
  }

  static async open(version: number): Promise<Tab> {
    const context = await browser.newContext();
    const tab = new Tab(context, await context.newPage());
    tab.page.on('console', (message) => message.type() === 'error' && console.error(`# page: ${message.text()}`));
    await tab.page.goto(`${pages.origin}/v${version}`);
    return tab;
  }

  eval<T>(code: string): Promise<T> {
    return this.page.evaluate(code) as Promise<T>;
  }

  /** Adds a file, or one of so many random bytes, and returns its SHA-256. */
  add(name: string, type: string, content: string | number): Promise<string> {
    return this.eval(`add(${JSON.stringify(name)}, ${JSON.stringify(type)}, ${JSON.stringify(content)})`);
  }

  /** The id that Vouch has given the file, once Uppy says it is sent. */
  async sent(name: string): Promise<string> {
    return until(() => this.eval<string>(`seen.ids[${JSON.stringify(name)}]`), `${name} is sent`);
  }

  /** The id that Vouch has given the one file that is on its way. */
  begun(): Promise<string> {
    return until(() => this.eval<string>('uppy.getFiles()[0]?.vouch?.id'), 'the upload is asked for');
  }

  wait(id: string): Promise<{ status: string; reason?: string; checksumSHA256?: string; method: string }> {
    return this.eval(`wait(${JSON.stringify(id)})`);
  }

  get(id: string): Promise<{ status: string }> {
    return this.eval(`vouch.get(${JSON.stringify(id)})`);
  }

  /** Reloads the page in the middle of an upload, and waits until Golden Retriever has brought it back. */
  async reload(): Promise<void> {
    await pause(1000); // it writes down twice a second at most
    await this.page.reload();
    this.puts.length = 0;
    await until(() => this.eval('uppy.getFiles().length'), 'Golden Retriever has brought the file back');
  }

  /** Holds the first PUT of a part back for good. */
  async hold(part: number): Promise<{ held: Promise<void> }> {
    const { promise, resolve } = deferred();
    let seen = false;
    await this.page.route(
      (url) => url.href.startsWith(stack.s3) && Number(url.searchParams.get('partNumber') ?? 0) === part,
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

for (const version of [6, 5]) {
  describe(`Uppy ${version}`, () => {
    const test = (name: string, run: (tab: Tab) => Promise<void>) =>
      it(name, { timeout: 60_000 }, async () => {
        const tab = await Tab.open(version);
        try {
          await run(tab);
        } finally {
          await tab.context.close();
        }
      });

    test('a small file goes by one PUT that S3 holds to its SHA-256, and becomes ready', async (tab) => {
      const sum = await tab.add('note.txt', 'text/plain', 'A note.\n');
      const file = await tab.wait(await tab.sent('note.txt'));
      assert.deepEqual([file.status, file.method, file.checksumSHA256], ['ready', 'put', sum]);
      assert.equal(tab.puts.length, 1);
      assert.equal(tab.puts[0]?.headers['x-amz-checksum-sha256'], sum);
      await until(async () => (await tab.eval('shown["note.txt"]')) === 'ready', 'the page shows it');
    });

    test('a file of 30 MiB goes in parts, and becomes ready with its SHA-256', async (tab) => {
      const sum = await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      const file = await tab.wait(await tab.sent('data.bin'));
      assert.deepEqual([file.status, file.method, file.checksumSHA256], ['ready', 'multipart', sum]);
      assert.deepEqual(tab.taken(), [1, 2, 3, 4, 5, 6]);
    });

    test('after a reload Golden Retriever brings a file back, and only the part that is missing is sent', async (tab) => {
      const { held } = await tab.hold(2);
      const sum = await tab.add('data.bin', 'application/octet-stream', 10 * MiB);
      await held;
      await until(() => tab.taken().length === 1, 'the other part is sent');
      const id = await tab.begun();
      await tab.reload();
      assert.equal(await tab.eval('uppy.getFiles()[0].isGhost'), false);
      await tab.eval('uppy.emit("restore-confirmed")');
      assert.equal(await tab.sent('data.bin'), id);
      const file = await tab.wait(id);
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(tab.taken(), [2]);
    });

    test('a file that is too large for that is chosen again, and goes on where it was', async (tab) => {
      const { held } = await tab.hold(4);
      const sum = await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await held;
      const before = version === 6 ? [1, 2, 3] : [1, 2, 3, 5, 6];
      await until(() => tab.taken().length === before.length, 'all parts but the held one are sent');
      const id = await tab.begun();
      await tab.reload();
      assert.equal(await tab.eval('uppy.getFiles()[0].isGhost'), true);
      await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await tab.eval('uppy.emit("restore-confirmed")');
      assert.equal(await tab.sent('data.bin'), id);
      const file = await tab.wait(id);
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(tab.taken(), version === 6 ? [4, 5, 6] : [4]);
    });

    test('a pause stops it, and what follows sends no part twice', async (tab) => {
      const { held } = await tab.hold(3);
      const sum = await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await held;
      const before = version === 6 ? 2 : 5;
      await until(() => tab.taken().length === before, 'all parts but the held one are sent');
      await tab.eval('uppy.pauseAll()');
      await pause(500);
      const puts = tab.puts.length;
      await pause(500);
      assert.equal(tab.puts.length, puts, 'PUTs while it is paused');
      await tab.eval('uppy.resumeAll()');
      const file = await tab.wait(await tab.sent('data.bin'));
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(tab.taken(), [1, 2, 3, 4, 5, 6]);
    });

    test('a cancel leaves nothing', async (tab) => {
      const { held } = await tab.hold(3);
      await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await held;
      const id = await tab.begun();
      await tab.eval('uppy.cancelAll()');
      await until(async () => (await tab.get(id)).status === 'deleted', 'the file is deleted');
      const type = await tab.eval(`vouch.parts(${JSON.stringify(id)}).catch((err) => err.type)`);
      assert.equal(type, 'urn:vouch:problem:closed');
    });

    test('a cancel while the upload is asked for leaves nothing', async (tab) => {
      const asked = deferred();
      const answer = deferred();
      let id = '';
      await tab.page.route(`${stack.api}/files`, async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        const response = await route.fetch();
        id = (await response.json()).id;
        asked.resolve();
        await answer.promise;
        await route.fulfill({ response });
      });
      await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await asked.promise;
      await tab.eval('uppy.cancelAll()');
      answer.resolve();
      await until(async () => (await tab.get(id)).status === 'deleted', 'the file is deleted');
      assert.deepEqual(tab.puts, []);
    });

    test('a part whose URL has run out is sent to a new one, unasked', async (tab) => {
      await age(tab.page, stack, '/files/*/parts', ({ parts }) =>
        parts.find((part: { partNumber: number }) => part.partNumber === 6),
      );
      // When versitygw refuses a part it has no CORS headers, as S3 has, and its
      // words are not quite S3's, by which Uppy 5 goes.
      await tab.page.route(
        (url) => url.href.startsWith(stack.s3) && url.searchParams.get('partNumber') === '6',
        async (route) => {
          if (route.request().method() !== 'PUT') return route.continue();
          const response = await route.fetch();
          if (response.ok()) return route.fulfill({ response });
          const body = (await response.text()).replace('expired.</Message>', 'expired</Message>');
          const headers = { ...response.headers(), 'access-control-allow-origin': pages.origin };
          return route.fulfill({ response, headers, body });
        },
      );
      const sum = await tab.add('data.bin', 'application/octet-stream', 25 * MiB + 1024);
      const file = await tab.wait(await tab.sent('data.bin'));
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(
        tab.puts.filter((put) => put.part === 6).map((put) => put.status),
        [403, 200],
      );
      assert.deepEqual(tab.taken(), [1, 2, 3, 4, 5, 6]);
      await until(() => tab.eval('seen.completes.length'), 'Uppy says that all is done');
      assert.deepEqual(await tab.eval('seen.completes'), [{ ok: ['data.bin'], bad: [] }]);
    });

    test('so it is if the page cannot read why its URL was refused', async (tab) => {
      await age(tab.page, stack, '/files/*/parts', ({ parts }) =>
        parts.find((part: { partNumber: number }) => part.partNumber === 2),
      );
      const sum = await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      const file = await tab.wait(await tab.sent('data.bin'));
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(tab.taken(), [1, 2, 3, 4, 5, 6]);
    });

    test('a small file whose URL has run out is asked for again, and the old one is deleted', async (tab) => {
      let old = '';
      await age(tab.page, stack, '/files', ({ id, upload }) => {
        old = id;
        return upload;
      });
      await tab.add('note.txt', 'text/plain', 'Late.\n');
      const id = await tab.sent('note.txt');
      assert.notEqual(id, old);
      assert.equal((await tab.wait(id)).status, 'ready');
      assert.equal((await tab.get(old)).status, 'deleted');
      assert.deepEqual(
        tab.puts.map((put) => put.status),
        [403, 200],
      );
    });

    test('malware is rejected, and the page knows why', async (tab) => {
      await tab.add('test.txt', 'text/plain', eicar);
      const file = await tab.wait(await tab.sent('test.txt'));
      assert.deepEqual([file.status, file.reason], ['rejected', 'malware-detected']);
      const said = () => tab.eval('shown["test.txt"]');
      await until(async () => (await said()) === 'rejected: malware-detected', 'the page shows it');
    });

    test('a type that is refused says so in the words of the API', async (tab) => {
      await tab.add('page.html', 'text/html', '<p>');
      const error = await until(() => tab.eval<string>('seen.errors[0]'), 'Uppy says that it failed');
      assert.match(error, /text\/html/);
      assert.deepEqual(tab.puts, []);
    });

    if (version === 6) {
      test('a PUT whose answer is lost is not a second file', async (tab) => {
        let lost = false;
        await tab.page.route(
          (url) => url.href.startsWith(stack.s3),
          async (route) => {
            if (route.request().method() !== 'PUT' || lost) return route.continue();
            lost = true;
            await route.fetch();
            await route.abort();
          },
        );
        await tab.add('note.txt', 'text/plain', 'Once.\n');
        const first = await tab.begun();
        assert.equal(await tab.sent('note.txt'), first);
        assert.equal((await tab.wait(first)).status, 'ready');
        assert.deepEqual(
          tab.puts.map((put) => put.status),
          [undefined, 412],
        );
      });
    }

    test('a pause while the parts are put together does no harm', async (tab) => {
      const asked = deferred();
      let first = true;
      await tab.page.route(`${stack.api}/files/*/complete`, async (route) => {
        if (route.request().method() !== 'POST' || !first) return route.continue();
        first = false;
        await route.fetch();
        asked.resolve();
        await route.abort().catch(() => undefined);
      });
      const sum = await tab.add('data.bin', 'application/octet-stream', 30 * MiB);
      await asked.promise;
      await tab.eval('uppy.pauseAll()');
      await pause(1500);
      await tab.eval('uppy.resumeAll()');
      const file = await tab.wait(await tab.sent('data.bin'));
      assert.deepEqual([file.status, file.checksumSHA256], ['ready', sum]);
      assert.deepEqual(tab.taken(), [1, 2, 3, 4, 5, 6]);
    });
  });
}
