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

it('a browser whose streams cannot read into a buffer hashes too', async () => {
  const bytes = randomBytes(9 * MiB);
  const blob = new Blob([bytes]);
  const parts = [bytes.subarray(0, 5 * MiB), bytes.subarray(5 * MiB)];
  blob.stream = () =>
    new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        part ? controller.enqueue(new Uint8Array(part)) : controller.close();
      },
    });
  assert.equal(await hash(blob), createHash('sha256').update(bytes).digest('base64'));
  assert.equal(parts.length, 0);
});

it('a file that has changed is not hashed', async () => {
  const blob = new Blob([randomBytes(9 * MiB)]);
  blob.stream = () =>
    new ReadableStream({ pull: () => Promise.reject(new DOMException('it has changed', 'NotReadableError')) });
  await assert.rejects(hash(blob), { name: 'NotReadableError' });
});
