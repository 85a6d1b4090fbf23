import type { Abortable } from '../call.js';

export interface HashOptions extends Abortable {
  /** Told now and then how many bytes are hashed. */
  onProgress?: ((bytes: number) => void) | undefined;
}

/** Up to how many bytes are hashed at once, by the browser's own SHA-256, which takes no streams. */
const small = 4 << 20;

/**
 * The SHA-256 of a Blob in base64, as the API takes it. It is computed in a Web Worker,
 * so that the page goes on, and in a stream, so that memory does not grow with the file.
 */
export async function hash(blob: Blob, { signal, onProgress = () => {} }: HashOptions = {}): Promise<string> {
  signal?.throwIfAborted();
  // There is no crypto.subtle but by HTTPS, or on localhost.
  if (blob.size <= small && globalThis.crypto.subtle) {
    const sum = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
    signal?.throwIfAborted();
    return base64(new Uint8Array(sum));
  }
  // What is not a browser has no other thread to spare.
  if (typeof Worker === 'undefined') {
    const { digest } = await import('./digest.js');
    return base64(await digest(blob, (read) => (onProgress(read), signal?.throwIfAborted())));
  }
  return base64(await inWorker(blob, onProgress, signal));
}

function inWorker(blob: Blob, onProgress: (bytes: number) => void, signal?: AbortSignal) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  const ended = new AbortController();
  return new Promise<Uint8Array>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal });
    worker.onmessage = ({ data }: MessageEvent<{ read?: number; sum?: Uint8Array; error?: unknown }>) => {
      if (data.read !== undefined) onProgress(data.read);
      else if (data.sum) resolve(data.sum);
      else reject(data.error);
    };
    worker.onerror = ({ message }) =>
      reject(new Error(`the worker that hashes has failed: ${message || 'it did not start'}`));
    worker.postMessage(blob);
  }).finally(() => {
    ended.abort(); // nobody listens any more
    worker.terminate();
  });
}

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
