import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from '../src/turns.js';

const never = new AbortController().signal;

describe('turns', () => {
  it('let so many at a time, in the order they come, and go on after a failure', async () => {
    const turns = new Turns(2);
    let now = 0;
    let most = 0;
    const order: number[] = [];
    const what = (n: number) => async () => {
      order.push(n);
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      if (n === 1) throw new Error('one');
    };
    const ends = await Promise.allSettled([0, 1, 2, 3, 4].map((n) => turns.take(what(n), never)));
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
    assert.equal(most, 2);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    );
  });

  it('pass over who has given up', async () => {
    const turns = new Turns(1);
    const stop = new AbortController();
    const first = turns.take(() => new Promise<void>((resolve) => setImmediate(resolve)), never);
    const second = turns.take(async () => assert.fail('it was given up'), stop.signal);
    stop.abort(new Error('given up'));
    await assert.rejects(second, /given up/);
    await first;
    assert.equal(await turns.take(async () => 3, never), 3);
  });
});
