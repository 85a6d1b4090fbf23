import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem, Unreachable, type UploadOptions, type Vouch, type VouchFile } from '@vouch/client';
import type { Keeper } from '../src/kept.js';
import { Network } from '../src/network.js';
import { kindOf, summaryOf } from '../src/kinds.js';
import { Transfer, type Sending } from '../src/transfer.js';

const file = { id: 'f1', status: 'ready' } as VouchFile;
const keeper = { put() {}, drop() {} } as unknown as Keeper;
const sending: Sending = { name: 'a.txt', size: 1, folder: 'd/', source: new File(['x'], 'a.txt') };

/** A transfer whose uploads end as `upload` says, with an API that answers as `ask` does. */
function transferOf(upload: (options: UploadOptions) => Promise<VouchFile>, ask = async () => {}) {
  const browser = new EventTarget();
  const vouch = { upload: (_: Blob, options: UploadOptions) => upload(options), settled: async () => file };
  const seen: string[] = [];
  const transfer = new Transfer(
    { vouch: vouch as unknown as Vouch, keeper, network: new Network(ask, browser) },
    sending,
    ({ state, offline }) => {
      seen.push(offline ? 'offline' : state);
      if (offline) setImmediate(online);
    },
  );
  const online = () => {
    if (!transfer.offline) return;
    browser.dispatchEvent(new Event('online')); // or each wait would take its time
    setImmediate(online);
  };
  return { transfer, seen, browser };
}

describe('an upload', () => {
  it('waits for the network, and goes on with what is there when it is back', async () => {
    const resumed: (string | undefined)[] = [];
    const { transfer, seen } = transferOf(async ({ resume, onProgress }) => {
      resumed.push(resume);
      onProgress!({ phase: 'sending', id: 'f1', done: 0, total: 1 });
      if (resumed.length === 1) throw new Unreachable('gone');
      return file;
    });
    await transfer.run();
    assert.deepEqual(resumed, [undefined, 'f1']);
    assert(seen.includes('offline'));
    assert.equal(transfer.state, 'ended');
  });

  it('stops when the browser says that it is offline, without waiting for what never comes', async () => {
    let tries = 0;
    const { transfer, browser } = transferOf(({ signal }) => {
      if (++tries > 1) return Promise.resolve(file);
      setImmediate(() => browser.dispatchEvent(new Event('offline')));
      return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason)));
    });
    await transfer.run();
    assert.equal(tries, 2);
    assert.equal(transfer.state, 'ended');
  });

  it('gives up when the API answers and the bytes get no further', async () => {
    let tries = 0;
    const { transfer } = transferOf(async () => {
      tries++;
      throw new Unreachable('S3 is behind a wall');
    });
    await transfer.run();
    assert.equal(transfer.state, 'failed');
    assert.equal(transfer.refused, false);
    assert.equal(tries, 4);
  });

  it('never gives up as long as nothing answers', async () => {
    let tries = 0;
    let asked = 0;
    const { transfer } = transferOf(
      async () => {
        if (++tries < 8) throw new Unreachable('gone');
        return file;
      },
      async () => {
        if (++asked % 2) throw new TypeError('Failed to fetch');
      },
    );
    await transfer.run();
    assert.equal(transfer.state, 'ended');
  });

  it('is refused where the API says no to it, and not where it says later', async () => {
    const { transfer } = transferOf(async () => {
      throw new Problem(422, { type: 'urn:vouch:problem:content-type-not-allowed', title: 'No' });
    });
    await transfer.run();
    assert.equal(kindOf(transfer), 'refused');
    transfer.fault = new Problem(429, { type: 'about:blank', title: 'Too Many Requests' });
    assert.equal(kindOf(transfer), 'failed', 'it can be tried again');
  });

  it('that a reload has cut off fits the same file, in its folder or chosen by itself', () => {
    const { transfer } = transferOf(async () => file);
    const same = new File(['y'], 'a.txt');
    assert(!transfer.fits(same, 'd/'), 'it is not cut off');
    transfer.state = 'interrupted';
    assert(transfer.fits(same, 'd/') && transfer.fits(same));
    assert(
      !transfer.fits(same, 'e/') && !transfer.fits(new File(['yy'], 'a.txt')) && !transfer.fits(new File(['y'], 'b')),
    );
  });
});

describe('the summary', () => {
  it('counts what is sent, refused, rejected and failed', () => {
    const counts = {
      waiting: 80,
      sending: 1,
      paused: 0,
      interrupted: 0,
      refused: 2,
      failed: 0,
      checking: 7,
      rejected: 0,
      done: 30,
    };
    assert.equal(summaryOf(counts), '37 of 120 sent, 2 refused');
    assert.equal(
      summaryOf({ ...counts, rejected: 1, failed: 1, waiting: 78 }),
      '38 of 120 sent, 2 refused, 1 rejected, 1 failed',
    );
  });
});
