import { Problem, StorageError, Unreachable } from './problem.js';

/** How often a thing is tried at most. */
const attempts = 5;

/** The bounds of the time between two tries, in milliseconds. */
const firstDelay = 200;
const longestDelay = 20_000;
const longestAsked = 120_000; // a Retry-After above is not waited out

/** What was tried as often as it may be; what it is part of is not tried again for it. */
const spent = new WeakSet<object>();

/** Calls `attempt` until it succeeds or fails for good. */
export async function again<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (err) {
      signal?.throwIfAborted(); // what came of that is no failure
      const after = passing(err);
      if (after !== undefined && tries < attempts) {
        await sleep(after + jitter(tries), signal);
        continue;
      }
      if (err instanceof Error) spent.add(err);
      throw err;
    }
  }
}

/** The least milliseconds to wait with the next try, or undefined if none helps. */
function passing(err: unknown): number | undefined {
  if (!(err instanceof Error) || spent.has(err)) return undefined;
  if (err instanceof Unreachable) return 0;
  const late = (status: number) => status >= 500 || status === 429 || status === 408;
  if (err instanceof Problem) {
    if (err.is('too-many-uploads')) return undefined; // a 429 that lasts until midnight
    // A try whose answer was lost may still be being carried out.
    return late(err.status) || err.is('idempotency-in-progress') ? err.retryAfter : undefined;
  }
  if (err instanceof StorageError) {
    // 409: another request for the same object is under way. The codes are of 400: the
    // bytes did not arrive, or not as they were.
    const bent = ['RequestTimeout', 'IncompleteBody', 'BadDigest'].includes(err.code);
    return late(err.status) || err.status === 409 || bent ? err.retryAfter : undefined;
  }
  return undefined;
}

/** A random time of up to firstDelay doubled with each try ("Exponential Backoff And Jitter", AWS Architecture Blog). */
function jitter(tries: number): number {
  return Math.random() * Math.min(longestDelay, firstDelay * 2 ** tries);
}

/** The milliseconds of a Retry-After field (RFC 9110, 10.2.3), in seconds or a date; 0 where there is none. */
export function retryAfter(field: string | null): number {
  if (!field) return 0;
  const after = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - Date.now();
  return Math.min(Math.max(after || 0, 0), longestAsked);
}

/** Waits, or throws the signal's reason. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
