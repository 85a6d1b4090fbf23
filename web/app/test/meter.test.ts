import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Meter } from '../src/meter.js';

describe('Meter', () => {
  it('says how fast the last seconds were', () => {
    const meter = new Meter();
    for (let s = 0; s <= 20; s++) meter.note(s <= 10 ? 1 + s * 100 : 1001 + (s - 10) * 500, 1000 * s);
    assert.equal(meter.rate, 500);
  });

  it('does not count what was there before an upload is resumed', () => {
    const meter = new Meter();
    meter.note(0, 0);
    meter.note(1_000_000, 10);
    assert.equal(meter.rate, undefined);
    meter.note(1_000_200, 1010);
    assert.equal(meter.rate, 200);
  });

  it('begins anew with an upload that does', () => {
    const meter = new Meter();
    meter.note(100, 0);
    meter.note(900, 1000);
    meter.note(0, 2000);
    assert.equal(meter.rate, undefined);
  });
});
