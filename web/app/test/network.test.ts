import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Unreachable } from '@vouch/client';
import { Network } from '../src/network.js';

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the network', () => {
  it('is asked after once for all who wait, and at once when the browser says that it is there', async () => {
    let asked = 0;
    let there = false;
    const browser = new EventTarget();
    const ask = async () => {
      asked++;
      if (!there) throw new TypeError('Failed to fetch');
    };
    const network = new Network(ask, browser);
    const both = Promise.all([network.back(never), network.back(never)]);
    await turn();
    assert.equal(asked, 0, 'nobody is asked at once');
    browser.dispatchEvent(new Event('online'));
    await turn();
    assert.equal(asked, 1);
    there = true;
    browser.dispatchEvent(new Event('online'));
    assert.deepEqual(await both, [true, true]);
    assert.equal(asked, 2);
  });

  it('is asked after by itself, since a browser need not say that it is there', async () => {
    const network = new Network(async () => {}, new EventTarget());
    assert.equal(await network.back(never), false, 'it had not been gone');
  });

  it('cuts off what is under way when the browser is offline, and not what begins then', () => {
    const browser = new EventTarget();
    const network = new Network(async () => {}, browser);
    const { cut } = network;
    browser.dispatchEvent(new Event('offline'));
    assert(cut.aborted && cut.reason instanceof Unreachable);
    assert(!network.cut.aborted);
  });

  it('is waited for no longer by who gives up', async () => {
    const browser = new EventTarget();
    const network = new Network(async () => {}, browser);
    const stop = new AbortController();
    const waiting = network.back(stop.signal);
    stop.abort(new Error('given up'));
    await assert.rejects(waiting, /given up/);
    browser.dispatchEvent(new Event('online'));
  });
});
