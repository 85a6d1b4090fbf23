import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { hash } from '../src/index.js';

const MiB = 1 << 20;

for (const size of [0, 1, 63, 64, 4 * MiB, 4 * MiB + 1, 9 * MiB + 17]) {
  it(`the hash of ${size} bytes is their SHA-256`, async () => {
    const bytes = randomBytes(size);
    const told: number[] = [];
    const sum = await hash(new Blob([bytes]), { onProgress: (read) => told.push(read) });
    assert.equal(sum, createHash('sha256').update(bytes).digest('base64'));
    if (size > 4 * MiB) assert.equal(told.at(-1), size);
  });
}

it('a hash is given up when it is asked to', async () => {
  const blob = new Blob([randomBytes(9 * MiB)]);
  await assert.rejects(hash(blob, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const stop = new AbortController();
  await assert.rejects(hash(blob, { signal: stop.signal, onProgress: () => stop.abort() }), { name: 'AbortError' });
});
