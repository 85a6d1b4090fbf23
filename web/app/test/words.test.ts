import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Problem } from '@vouch/client';
import { bytes, duration, faultOf, reasons, statuses, statusOf } from '../src/words.js';

/** The names of an enum of the API's document. */
function named(schema: string): string[] {
  const document = readFileSync('../docs/openapi.yaml', 'utf8');
  const names = new RegExp(`^    ${schema}:\\n      type: string\\n      enum: \\[([^\\]]+)\\]`, 'm').exec(document)?.[1];
  assert(names, `${schema} is no enum`);
  return names.split(',').map((name) => name.trim());
}

describe('words', () => {
  it('has a sentence for every reason and a word for every status, and for no others', () => {
    assert.deepEqual(Object.keys(reasons).sort(), named('Reason').sort());
    assert.deepEqual(Object.keys(statuses).sort(), named('Status').sort());
    assert.equal(new Set(Object.values(reasons)).size, Object.keys(reasons).length, 'each says something else');
    for (const text of Object.values(reasons)) assert.match(text, /^[A-Z].*\.$/);
  });

  it('says why a file is rejected', () => {
    const said = statusOf({ status: 'rejected', reason: 'malware-detected' });
    assert.equal(said, 'rejected: A virus scanner knows it as malware.');
    assert.equal(statusOf({ status: 'ready' }), 'ready');
  });

  it('says what the API says is wrong', () => {
    const refused = (name: string, detail?: string) =>
      faultOf(new Problem(422, { type: `urn:vouch:problem:${name}`, title: 'No', detail }));
    assert.equal(refused('content-type-not-allowed'), 'Files of this type are not taken.');
    assert.equal(refused('invalid-grant', 'bob owns it'), 'bob owns it');
    assert.equal(refused('invalid-grant'), 'No');
  });

  it('writes sizes and times for people', () => {
    const sizes = [0, 999, 1000, 1_500_000, 123_456_789, 2_000_000_000].map(bytes);
    assert.deepEqual(sizes, ['0 bytes', '999 bytes', '1.0 kB', '1.5 MB', '123 MB', '2.0 GB']);
    assert.deepEqual([0.2, 59, 180, 7500].map(duration), ['1 s', '59 s', '3 min', '2 h 5 min']);
  });
});
