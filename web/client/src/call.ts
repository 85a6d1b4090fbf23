import { Problem, Unreachable } from './problem.js';
import { again, retryAfter } from './retry.js';

export interface VouchOptions {
  /** The API's URL, for example `https://api.example.com`; empty for the page's own origin. */
  api: string;
  /** A JWT that is valid now. It is asked for before every call. */
  token: () => Promise<string>;
  /** In place of the browser's own. */
  fetch?: typeof fetch;
}

/** Options of a call that can be given up. */
export interface Abortable {
  signal?: AbortSignal | undefined;
}

/** One request to the API. */
export interface Call extends Abortable {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Behind the API's URL, escaped. */
  path: string;
  /** Parameters; undefined ones are left out. */
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** Of an earlier answer; 304 if nothing has changed since. */
  etag?: string | undefined;
}

/** What the API answers to a call that succeeded. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** Makes a call; T is what the API's document says that it answers. */
export type Caller = <T>(call: Call) => Promise<Answer<T>>;

/** The longest that one try may take, in milliseconds; API Gateway gives up after 30 s. */
const patience = 40_000;

/**
 * Returns what makes the calls of one API: again where that can help, and with one
 * Idempotency-Key for all tries of a POST, so that it is carried out once. It throws
 * a Problem if the API refuses, and Unreachable if it does not answer.
 */
export function caller(options: VouchOptions): Caller {
  const api = options.api.replace(/\/+$/, '');
  const send = options.fetch ?? ((input, init) => fetch(input, init));

  const once = async ({ method, path, query, body, etag, signal }: Call, key: string): Promise<Answer<unknown>> => {
    const headers: Record<string, string> = { Authorization: `Bearer ${await options.token()}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (etag) headers['If-None-Match'] = etag;
    if (method === 'POST') headers['Idempotency-Key'] = `"${key}"`;
    const late = AbortSignal.timeout(patience);
    let response: Response, text: string;
    try {
      response = await send(api + path + search(query), {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error', // the token is for this API alone
        signal: signal ? AbortSignal.any([signal, late]) : late,
      });
      text = await response.text();
    } catch (err) {
      throw new Unreachable('Vouch cannot be reached', { cause: err });
    }
    if (!response.ok && response.status !== 304) {
      throw new Problem(response.status, parsed(text), retryAfter(response.headers.get('Retry-After')));
    }
    if (text && parsed(text) === undefined) throw new Unreachable('what answers is not Vouch');
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };

  return <T>(call: Call) => {
    const key = newKey();
    return again(async () => {
      try {
        return await once(call, key);
      } catch (err) {
        if (!(err instanceof Problem) || err.status !== 401) throw err;
        return once(call, key); // the token may have run out on the way
      }
    }, call.signal) as Promise<Answer<T>>;
  };
}

function search(query: Call['query'] = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined);
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : '';
}

/** The JSON of a body, or undefined: what answers need not be Vouch. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A new Idempotency-Key. Unlike randomUUID, what it is made of is there without TLS too. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
