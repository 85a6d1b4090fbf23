import { sha256 } from '@noble/hashes/sha2.js';

/**
 * The SHA-256 of a Blob, read as a stream, so that a chunk of it is in memory at a
 * time. Throws what reading throws, as for a file that has changed on the disk.
 */
export async function digest(blob: Blob, onProgress: (bytes: number) => void): Promise<Uint8Array<ArrayBuffer>> {
  const hash = sha256.create();
  const reader = blob.stream().getReader();
  for (let read = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(hash.digest());
    hash.update(value);
    onProgress((read += value.length));
  }
}
