import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decoded, previewOf } from '../src/shown.js';

const shown = (contentType: string, more = {}) =>
  previewOf({ status: 'ready', contentType, size: 1, ...more }, () => true);

describe('a preview', () => {
  it('is there for types that cannot run anything', () => {
    assert.equal(shown('image/png'), 'image');
    assert.equal(shown('Text/Plain;charset=utf-8'), 'text');
    assert.equal(shown('audio/ogg'), 'audio');
    assert.equal(shown('video/mp4'), 'video');
  });

  for (const type of [
    'image/svg+xml',
    'text/html',
    'application/xhtml+xml',
    'text/xml',
    'application/pdf',
    'toString',
    '',
    'image/*',
  ]) {
    it(`is not there for ${type || 'no type'}`, () => assert.equal(shown(type), undefined));
  }

  it('is not there for what is not verified, what is too large, and what the browser cannot play', () => {
    for (const status of ['pending', 'uploaded', 'verifying', 'rejected', 'expired', 'deleted']) {
      assert.equal(shown('image/png', { status }), undefined);
    }
    assert.equal(shown('image/png', { size: 50_000_001 }), undefined);
    assert.equal(
      previewOf({ status: 'ready', contentType: 'video/mp4' }, () => false),
      undefined,
    );
  });

  it('of a text leaves out a character that is cut off, and shows no other differently', () => {
    const bytes = new TextEncoder().encode('aé');
    assert.equal(decoded(bytes, true), 'aé');
    assert.equal(decoded(bytes.subarray(0, 2), false), 'a');
    assert.equal(decoded(bytes.subarray(0, 2), true), 'a\ufffd');
    assert.equal(decoded(Uint8Array.of(0xff, 0xfe, 0x61, 0), true), 'a');
    assert.equal(decoded(Uint8Array.of(0xfe, 0xff, 0, 0x61, 0x20), false), 'a');
  });
});
