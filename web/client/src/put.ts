import type { Abortable } from './call.js';
import type { Upload } from './openapi.js';
import { StorageError, Unreachable } from './problem.js';
import { retryAfter } from './retry.js';

/** A URL to send bytes to, and the headers to send with them. The URL is a secret. */
export type Presigned = Pick<Upload, 'url' | 'headers'>;

export interface PutOptions extends Abortable {
  /** Told how many of the bytes are sent, as they go. */
  onSent: (bytes: number) => void;
  /** What sends where there is no XMLHttpRequest. */
  fetch: typeof fetch;
}

/** How long nothing may move before a transfer is given up, in milliseconds. */
const stallAfter = 90_000;

/** What the browser sets itself, and nobody else may (Fetch, "forbidden request-header"). */
const forbidden = ['content-length', 'host'];

/**
 * Sends bytes to a presigned URL, once, and returns the ETag that S3 answers. It is
 * sent by XMLHttpRequest where there is one, since fetch does not say how far it is,
 * and so not that nothing moves. Throws a StorageError if S3 refuses them, and
 * Unreachable if it does not answer, or not so that the page may read it.
 */
export async function put(to: Presigned, body: Blob, options: PutOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const headers = Object.entries(to.headers).filter(([name]) => !forbidden.includes(name.toLowerCase()));
  let etag: string | null;
  try {
    etag = await (typeof XMLHttpRequest === 'undefined' ? byFetch : byRequest)(to.url, headers, body, options);
  } catch (err) {
    options.onSent(0);
    options.signal?.throwIfAborted();
    if (err instanceof Unreachable) await body.slice(0, 1).arrayBuffer(); // throws if the file is gone, or has changed
    throw err;
  }
  options.onSent(body.size);
  if (!etag) throw new Error('S3 answers without an ETag: its CORS rules have to expose it');
  return etag;
}

type Send = (url: string, headers: [string, string][], body: Blob, options: PutOptions) => Promise<string | null>;

const byRequest: Send = (url, headers, body, { signal, onSent }) => {
  const request = new XMLHttpRequest();
  const ended = new AbortController();
  let stalled: ReturnType<typeof setTimeout>;
  return new Promise<string | null>((resolve, reject) => {
    const moved = () => {
      clearTimeout(stalled);
      stalled = setTimeout(() => reject(new Unreachable('nothing has moved for too long')), stallAfter);
    };
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal });
    request.upload.onprogress = ({ loaded }) => (moved(), onSent(loaded));
    request.onerror = request.onabort = () => reject(new Unreachable('S3 does not answer'));
    request.onload = () => {
      if (request.status === 200) return resolve(request.getResponseHeader('ETag'));
      const after = retryAfter(request.getResponseHeader('Retry-After'));
      reject(new StorageError(request.status, request.responseText, after));
    };
    request.open('PUT', url);
    for (const [name, value] of headers) request.setRequestHeader(name, value);
    moved();
    request.send(body);
  }).finally(() => {
    clearTimeout(stalled);
    ended.abort(); // nobody listens any more
    request.abort();
  });
};

const byFetch: Send = async (url, headers, body, { signal, fetch }) => {
  let response: Response, text: string;
  try {
    response = await fetch(url, {
      method: 'PUT',
      headers,
      body,
      credentials: 'omit',
      redirect: 'error',
      signal: signal ?? null,
    });
    text = await response.text();
  } catch (err) {
    throw new Unreachable('S3 does not answer', { cause: err });
  }
  if (response.status === 200) return response.headers.get('ETag');
  throw new StorageError(response.status, text, retryAfter(response.headers.get('Retry-After')));
};
