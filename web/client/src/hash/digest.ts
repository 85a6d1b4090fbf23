import { sha256 } from '@noble/hashes/sha2.js';

/** Bytes that are read at a time. */
const chunk = 1 << 20;

/**
 * The SHA-256 of a Blob, read as a stream. `onProgress` is told how many bytes are
 * hashed, and may throw to end it. Throws what reading throws, as for a file that has
 * changed on the disk.
 */
export async function digest(blob: Blob, onProgress: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const hash = sha256.create();
  let hashed = 0;
  for await (const bytes of chunks(blob.stream())) {
    hash.update(bytes);
    onProgress((hashed += bytes.length));
  }
  return new Uint8Array(hash.digest());
}

/** Reads into one buffer, where the browser's stream can (Streams, 4.5), so that there is nothing to collect. */
async function* chunks(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array, void> {
  const reader = byteReader(stream);
  if (!reader) return yield* ordinaryChunks(stream.getReader());
  for (let buffer = new ArrayBuffer(chunk); ;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    if (done) return;
    yield value;
    buffer = value.buffer;
  }
}

async function* ordinaryChunks(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function byteReader(stream: ReadableStream): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' });
  } catch (err) {
    if (err instanceof TypeError) return undefined; // it is no stream of bytes
    throw err;
  }
}
