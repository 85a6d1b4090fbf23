import type { Abortable } from './call.js';
import { hash } from './hash/hash.js';
import type { Created, File as VouchFile, NewFile } from './openapi.js';
import { sendParts, type Plan } from './parts.js';
import { Problem, StorageError } from './problem.js';
import { put, type PutOptions } from './put.js';
import { again, sleep } from './retry.js';
import type { Vouch } from './vouch.js';

export interface UploadOptions extends Abortable, Pick<NewFile, 'filename' | 'contentType' | 'expiresAt'> {
  /** How the bytes are sent, and the bytes of a part; the API's to choose where they are left out. */
  method?: 'put' | 'multipart' | undefined;
  partSize?: number | undefined;
  /**
   * The id of a file whose upload was begun and has ended early: only what S3 does not
   * hold is sent. If it cannot be gone on with, because it has expired or is of another
   * name or size, the upload begins anew.
   */
  resume?: string | undefined;
  /** Told often how far the upload is, first of all when the file has an id. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Progress {
  /** Bytes are `hashing` before the upload is asked for, or `sending`; at last the API is told. */
  phase: 'hashing' | 'sending' | 'completing';
  /** The file's, as soon as it has one; to resume with. */
  id?: string;
  /** Bytes that are hashed or sent, out of `total`. */
  done: number;
  total: number;
}

/**
 * Up to how many bytes are hashed before the upload is asked for, so that S3 itself
 * refuses any others. Larger files are hashed while they are sent, and verification
 * has the hash.
 */
const promised = 64 << 20;

/** How often an upload is begun. */
const rounds = 3;

/** The URL of a PUT has run out: it can be presigned only for another file. */
class Outdated extends Error {}

/** Vouch.upload. */
export async function upload(vouch: Vouch, blob: Blob, options: UploadOptions, fetch: PutOptions['fetch']) {
  const { signal, onProgress = () => {} } = options;
  const tell = (phase: Progress['phase'], done: number, id?: string) =>
    onProgress({ phase, done, total: blob.size, ...(id && { id }) });
  const hashed = () => hash(blob, { signal, onProgress: (bytes) => tell('hashing', bytes) });
  let sum = blob.size <= promised || options.method === 'put' ? await hashed() : undefined;

  /** Sends what the plan says, or all, and has it put together. */
  const send = async (id: string, to: Created['upload'], plan?: Plan): Promise<VouchFile> => {
    const stop = new AbortController();
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const sending = { signal: both, fetch, onSent: (bytes: number) => tell('sending', bytes, id) };
    tell('sending', 0, id);
    let completion;
    if (plan) {
      // Both at once, and what fails ends the other.
      const work = [sendParts(vouch, id, blob, plan, sending), sum ?? hash(blob, { signal: both })] as const;
      const [parts, checksumSHA256] = await Promise.all(work).catch(async (err) => {
        stop.abort(err);
        await Promise.allSettled(work);
        throw err;
      });
      sum = checksumSHA256;
      completion = { parts, checksumSHA256 };
    } else if (to) {
      await whole(to, blob, sending);
    }
    tell('completing', blob.size, id);
    return complete(vouch, id, completion, signal);
  };

  if (options.resume) {
    const file = await resumed(vouch, options.resume, blob, sum, options, send);
    if (file) return file;
  }
  for (let round = 1; ; round++) {
    const { filename, contentType, expiresAt, method, partSize } = options;
    const asked = { filename, contentType, expiresAt, method, partSize, size: blob.size, checksumSHA256: sum };
    const created = await create(vouch, asked, signal);
    const { id, upload: to, multipart } = created;
    if (multipart) return send(id, undefined, { ...multipart, held: [] });
    if (!to) throw new Error(`file ${id} is to be sent by ${created.method}, which is not known here`);
    if (sum === undefined) {
      // The policy sends by one PUT what was too long to be hashed beforehand. A URL that
      // holds S3 to these bytes is worth reading them twice.
      await vouch.delete(id, { signal });
      sum = await hashed();
      continue;
    }
    try {
      return await send(id, to);
    } catch (err) {
      if (!(err instanceof Outdated)) throw err;
      await vouch.delete(id, { signal });
      if (round >= rounds) throw err.cause;
    }
  }
}

/** Asks for the upload. Whoever gives up meanwhile has no id to delete the file by, so it is deleted for them. */
async function create(vouch: Vouch, file: NewFile, signal?: AbortSignal): Promise<Created> {
  signal?.throwIfAborted();
  const asking = vouch.createUpload(file);
  const ended = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal });
  });
  try {
    return await Promise.race([asking, aborted]);
  } catch (err) {
    if (signal?.aborted) asking.then(({ id }) => vouch.delete(id)).catch(() => {}); // it expires by itself
    throw err;
  } finally {
    ended.abort(); // nobody listens any more
  }
}

/** Goes on with a file, or returns undefined if the upload has to begin anew. */
async function resumed(
  vouch: Vouch,
  id: string,
  blob: Blob,
  sum: string | undefined,
  { filename, signal }: UploadOptions,
  send: (id: string, to: undefined, plan: Plan) => Promise<VouchFile>,
): Promise<VouchFile | undefined> {
  let file: VouchFile;
  try {
    file = await vouch.get(id, { signal });
  } catch (err) {
    if (err instanceof Problem && err.is('not-found')) return undefined;
    throw err;
  }
  const other = file.size !== blob.size || file.filename !== filename;
  const changed = sum !== undefined && file.checksumSHA256 !== undefined && file.checksumSHA256 !== sum;
  if (other || changed || file.status === 'expired' || file.status === 'deleted') return undefined;
  if (file.status !== 'pending') return file; // all bytes are there
  if (file.method === 'multipart') {
    try {
      const held = await vouch.listParts(id, { signal });
      return await send(id, undefined, { ...held, held: held.parts });
    } catch (err) {
      if (!(err instanceof Problem) || !err.is('closed')) throw err;
    }
  }
  // The URL of a PUT is kept nowhere, and an upload in parts is gone when they are put
  // together: the bytes may all have arrived.
  try {
    return await vouch.complete(id, undefined, { signal });
  } catch (err) {
    if (!(err instanceof Problem) || !err.is('not-uploaded', 'closed', 'not-found')) throw err;
  }
  await vouch.delete(id, { signal });
  return undefined;
}

/** Sends a file by one PUT. */
async function whole(to: NonNullable<Created['upload']>, blob: Blob, options: PutOptions): Promise<void> {
  try {
    await again(() => put(to, blob, options), options.signal);
  } catch (err) {
    if (!(err instanceof StorageError)) throw err;
    if (err.ranOut) throw new Outdated('the URL has run out', { cause: err });
    // 412: it is there. An earlier try arrived, and only its answer did not.
    if (err.status !== 412) throw err;
    options.onSent(blob.size);
  }
}

/** How often it is said that all parts are there while S3 is putting them together. */
const completes = 5;

/** Says that all bytes are there. S3 may be at putting them together for an earlier call, whose answer was lost. */
async function complete(
  vouch: Vouch,
  id: string,
  completion: Parameters<Vouch['complete']>[1],
  signal?: AbortSignal,
): Promise<VouchFile> {
  for (let tries = 1; ; tries++) {
    try {
      return await vouch.complete(id, completion, { signal });
    } catch (err) {
      const early = completion && err instanceof Problem && err.is('not-uploaded');
      if (!early || tries === completes) throw err;
      await sleep(200 * 2 ** tries, signal);
    }
  }
}
