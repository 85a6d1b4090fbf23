import type { Completion, HeldParts, Multipart, PresignedParts } from './openapi.js';
import { Problem, StorageError, Unreachable } from './problem.js';
import { put, type PutOptions } from './put.js';
import { again } from './retry.js';
import type { Vouch } from './vouch.js';

/** A part as S3 has acknowledged it. */
type SentPart = NonNullable<Completion['parts']>[number];
type PresignedPart = PresignedParts['parts'][number];

const parallel = 4; // parts in flight; each is read from the file as it goes, and not kept in memory
const presignAhead = 16; // parts a call: few calls, and few URLs that run out before their turn
const maxRenewals = 3; // of a part's URL, for one try
const maxParts = 10_000; // of a file ("Amazon S3 multipart upload limits")

/** How a file is cut, and the parts of it that S3 holds already. */
export type Plan = Pick<Multipart, 'partSize' | 'partCount'> & { held: HeldParts['parts'] };

/**
 * Sends the parts of a file that S3 does not hold, several at once, and returns all of
 * them in their order. The first that fails for good ends the others.
 */
export async function sendParts(vouch: Vouch, id: string, blob: Blob, plan: Plan, options: PutOptions) {
  const { partSize, partCount } = plan;
  if (!(partSize >= 1) || partCount > maxParts || partCount !== Math.ceil(blob.size / partSize)) {
    throw new Error(`file ${id} of ${blob.size} bytes cannot be sent in ${partCount} parts of ${partSize}`);
  }
  const slice = (n: number) => blob.slice((n - 1) * partSize, n * partSize);
  const parts: SentPart[] = [];
  const sent: number[] = []; // bytes, by part
  const tell = (n: number, bytes: number) => {
    sent[n - 1] = bytes;
    options.onSent(sent.reduce((sum, part) => sum + part, 0));
  };
  for (const { partNumber, size, etag } of plan.held) {
    if (size !== slice(partNumber).size) continue;
    parts[partNumber - 1] = { partNumber, etag };
    tell(partNumber, size);
  }
  const missing = Array.from({ length: partCount }, (_, i) => i + 1).filter((n) => !parts[n - 1]);

  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const urls = new Urls(vouch, id, missing, slice, signal);
  const left = missing.values(); // the lanes take from it in turn
  const lane = async () => {
    for (const n of left) {
      const onSent = (bytes: number) => tell(n, bytes);
      const etag = await sendPart(n, urls, slice(n), { ...options, signal, onSent });
      parts[n - 1] = { partNumber: n, etag };
    }
  };
  const lanes = Array.from({ length: parallel }, lane);
  try {
    await Promise.all(lanes);
  } catch (err) {
    stop.abort(err);
    await Promise.allSettled(lanes);
    throw err;
  }
  return parts;
}

/** Sends one part. A URL that has run out is replaced, which is no failure. */
function sendPart(n: number, urls: Urls, body: Blob, options: PutOptions): Promise<string> {
  return again(async () => {
    for (let renewals = 0; ; renewals++) {
      const to = await urls.of(n);
      try {
        return await put(to, body, options);
      } catch (err) {
        const ranOut = err instanceof StorageError && err.ranOut;
        // S3 need not let the page read why it refuses: another URL then, for the next try.
        if (ranOut || err instanceof Unreachable) urls.forget(n);
        if (!ranOut || renewals === maxRenewals) throw err;
      }
    }
  }, options.signal);
}

/** The URLs of the parts that are missing, some of which are asked for ahead of their turn. */
class Urls {
  readonly #known = new Map<number, Promise<PresignedPart>>();
  readonly #asked = new Set<number>();

  constructor(
    readonly vouch: Vouch,
    readonly id: string,
    readonly missing: readonly number[],
    readonly slice: (n: number) => Blob,
    readonly signal: AbortSignal,
  ) {}

  /** The URL of a part, if it is not known asked for with those of parts behind it. */
  of(n: number): Promise<PresignedPart> {
    const known = this.#known.get(n);
    if (known) return known;
    const renewed = this.#asked.has(n);
    const numbers = renewed ? [n] : this.missing.filter((m) => m >= n && !this.#asked.has(m)).slice(0, presignAhead);
    const answer = this.#presign(numbers);
    for (const m of numbers) {
      this.#asked.add(m);
      const url = answer.then((parts) => parts.get(m) ?? this.#presign([m]).then((one) => one.get(m)!));
      url.catch(() => this.forget(m));
      this.#known.set(m, url);
    }
    return this.#known.get(n)!;
  }

  /** Has the next call of `of` ask anew. */
  forget(n: number): void {
    this.#known.delete(n);
  }

  async #presign(numbers: number[]): Promise<Map<number, PresignedPart>> {
    const { vouch, id, signal } = this;
    const { parts } = await vouch.presignParts(id, numbers, { signal }).catch((err: unknown) => {
      // The server's policy may give out fewer at a time.
      const fewer = err instanceof Problem && err.is('invalid-parts') && numbers.length > 1;
      if (!fewer) throw err;
      return vouch.presignParts(id, numbers.slice(0, 1), { signal });
    });
    for (const { partNumber, size } of parts) {
      const has = this.slice(partNumber).size;
      if (size !== has) throw new Error(`part ${partNumber} of file ${id} is to have ${size} bytes, and has ${has}`);
    }
    return new Map(parts.map((part) => [part.partNumber, part]));
  }
}
