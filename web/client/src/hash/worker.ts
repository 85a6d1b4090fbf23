// The worker's side of hash.ts: it is sent one Blob, and answers with how many bytes
// it has read, and at last with the digest or the error.
import { digest } from './digest.js';

/** How often the page is told how far it is, in milliseconds. */
const often = 100;

addEventListener('message', ({ data: blob }: MessageEvent<Blob>) => {
  let told = 0;
  const progress = (read: number) => {
    if (Date.now() - told < often) return;
    told = Date.now();
    postMessage({ read });
  };
  digest(blob, progress).then(
    (sum) => postMessage({ sum }),
    (error: unknown) => postMessage({ error }),
  );
});
