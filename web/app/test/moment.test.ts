import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fromField, toField } from '../src/moment.js';

describe('a field for a time', () => {
  const zone = process.env.TZ;
  before(() => void (process.env.TZ = 'Asia/Kathmandu'));
  after(() => void (zone === undefined ? delete process.env.TZ : (process.env.TZ = zone)));

  it('has the time in the zone of the reader, and is sent in UTC', () => {
    assert.equal(toField('2026-12-24T20:30:00Z'), '2026-12-25T02:15');
    assert.equal(fromField('2026-12-25T02:15'), '2026-12-24T20:30:00.000Z');
  });

  it('is nothing where it is empty', () => assert.equal(fromField(''), undefined));
});
