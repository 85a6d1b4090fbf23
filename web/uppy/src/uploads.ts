import { Problem, Unreachable, type Abortable, type HeldParts, type Presigned, type Vouch } from './vouch.js';

/** What is read of a file of Uppy's, in 5 and in 6. */
export interface File {
  id: string;
  name: string;
  type?: string;
  size: number | null;
  data?: unknown;
  meta: { name?: string };
  error?: string | null;
  progress: { uploadComplete?: boolean };
  /** Kept by Uppy, and by Golden Retriever over a reload. */
  s3Multipart?: { uploadId?: string };
  /** The file of Vouch's that this one becomes; kept in the same way. */
  vouch?: { id: string; method: Method } | undefined;
}

type Method = 'put' | 'multipart';

/** What is used of Uppy, in 5 and in 6. */
export interface Uppy {
  getFile(id: string): File | undefined;
  setFileState(id: string, state: object): void;
  retryUpload(id: string): Promise<unknown>;
  addUploader(uploader: (ids: string[]) => Promise<unknown>): void;
  log(message: unknown, level?: 'warning'): void;
  on(event: 'file-removed', callback: (file: File) => void): unknown;
  on(event: 'upload-success', callback: (file: File | undefined) => void): unknown;
  on(event: 'upload-error', callback: (file: File | undefined, error: Error) => void): unknown;
  on(
    event: 's3-multipart:part-uploaded',
    callback: (file: File, part: { PartNumber: number; ETag: string }) => void,
  ): unknown;
}

export interface UploadOptions {
  /**
   * Bytes of every part but the last, from 5 MiB; more where a file would have
   * over 10,000 parts. 16 MiB if it is left out.
   */
  partSize?: number;
  /**
   * A file of more bytes is sent in parts. 16 MiB if it is left out; S3 is told the
   * SHA-256 of files up to 64 MiB that are sent by one PUT.
   */
  multipartAbove?: number;
}

/** What is known of a file on its way, beyond what Uppy keeps. */
interface Sent {
  /** The call that asks for the upload, while it is under way. */
  asking?: Promise<Put>;
  /** The file was taken out of Uppy. */
  removed?: boolean;
  /** The last error is one that a new try mends, at once or in a while. */
  mend?: 'now' | 'later' | undefined;
  /** Tries without a part or an end between them. */
  tries: number;
}

/** The id of a file, and where to put its bytes, unless they are there. */
export interface Put {
  id: string;
  upload?: Presigned;
}

/** A part, and its ETag as S3 answered it. */
export interface Part {
  partNumber: number;
  etag: string;
}

const MiB = 1024 * 1024;

/** Of larger files no SHA-256 is made: crypto.subtle wants all bytes in memory. */
const maxHashed = 64 * MiB;

const maxTries = 3;

/** An upload in parts that cannot be gone on with. */
class Stale extends Error {
  override readonly name = 'Stale';
}

/**
 * What the adapters for Uppy 5 and 6 share: which file of Uppy's is which of
 * Vouch's, and what is done when one is taken out or fails.
 */
export class Uploads {
  readonly #uppy: Uppy;
  readonly #vouch: Vouch;
  readonly #partSize: number;
  readonly #multipartAbove: number;
  readonly #plugin: 5 | 6;
  readonly #sent = new Map<string, Sent>();
  readonly #aborted = new Map<string, Promise<void>>();
  readonly #wholes = new Set<string>(); // files that S3 holds put together

  /** `plugin` is the major version of @uppy/aws-s3. */
  constructor(uppy: Uppy, vouch: Vouch, options: UploadOptions & { plugin: 5 | 6 }) {
    this.#uppy = uppy;
    this.#vouch = vouch;
    this.#partSize = Math.max(options.partSize ?? 16 * MiB, 5 * MiB);
    this.#multipartAbove = options.multipartAbove ?? 16 * MiB;
    this.#plugin = options.plugin;
    uppy.on('file-removed', (file) => this.#remove(file));
    uppy.on('upload-success', (file) => file && this.#sent.delete(file.id));
    uppy.on('upload-error', (file, error) => file && this.#fail(file, error));
    uppy.on('s3-multipart:part-uploaded', (file) => {
      this.#of(file.id).tries = 0;
    });
    // Uploaders run one after the other. This one has to come after that of the
    // plugin whose options are being made right now.
    queueMicrotask(() => uppy.addUploader((ids) => this.#mend(ids)));
  }

  /** Whether a file is sent in parts. */
  inParts(file: { size: number | null }): boolean {
    return (file.size ?? 0) > this.#multipartAbove;
  }

  /** The bytes of a part: whole MiB, and so many that 10,000 parts suffice. */
  partSize(file: { size: number | null }): number {
    return Math.max(this.#partSize, Math.ceil((file.size ?? 0) / 10_000 / MiB) * MiB);
  }

  /** Asks for one PUT; for 6 it may find that the bytes have arrived by an earlier one. */
  put(id: string): Promise<Put> {
    return this.#once(id, async (file, sent) => {
      const { vouch } = file;
      if (vouch?.method === 'put' && this.#plugin === 6 && (await this.#arrived(vouch.id))) return { id: vouch.id };
      return this.#create(file, sent, 'put');
    });
  }

  /** Begins an upload in parts, or finds that it was begun. */
  async begin(id: string): Promise<string> {
    const begun = await this.#once(id, async (file, sent) =>
      file.vouch?.method === 'multipart' ? { id: file.vouch.id } : this.#create(file, sent, 'multipart'),
    );
    return begun.id;
  }

  /** Presigns a part. */
  async part(id: string, partNumber: number, options?: Abortable): Promise<Presigned> {
    return sendable(await this.#vouch.presign(id, partNumber, options));
  }

  /**
   * Lists the parts that S3 holds of an upload of `size` bytes. Parts of another
   * size than this page cuts are of no use to it: then the upload is aborted, and
   * the next try begins anew.
   */
  async held(id: string, size: number, options?: Abortable): Promise<Part[]> {
    let held: HeldParts;
    try {
      held = await this.#vouch.parts(id, options);
    } catch (err) {
      // Uppy asks once more when it was interrupted while the file was put together.
      if (err instanceof Problem && err.is('closed') && (await this.#arrived(id))) return this.#whole(id, size);
      throw err;
    }
    if (held.partSize === this.partSize({ size })) return held.parts;
    await this.abort(id);
    throw new Stale(`the upload was begun with parts of ${held.partSize} bytes`);
  }

  /** Has the API put the parts together. `parts` are those that were sent or listed. */
  async complete(id: string, parts: readonly Part[], options?: Abortable): Promise<void> {
    await this.#vouch.complete(id, this.#wholes.has(id) ? undefined : parts, options);
    this.#wholes.delete(id);
  }

  /** Aborts an upload, once. */
  abort(id: string): Promise<void> {
    let aborted = this.#aborted.get(id);
    if (!aborted) {
      aborted = this.#vouch.delete(id);
      aborted.catch(() => this.#aborted.delete(id));
      this.#aborted.set(id, aborted);
    }
    return aborted;
  }

  /** Has the next try begin a new upload. */
  forget(id: string): void {
    if (this.#uppy.getFile(id)) this.#uppy.setFileState(id, { s3Multipart: undefined, vouch: undefined });
  }

  /** Lists the parts of a file that has been put together. */
  #whole(id: string, size: number): Part[] {
    this.#wholes.add(id);
    const count = Math.ceil(size / this.partSize({ size }));
    return Array.from({ length: count }, (_, i) => ({ partNumber: i + 1, etag: 'whole' }));
  }

  #of(id: string): Sent {
    let sent = this.#sent.get(id);
    if (!sent) this.#sent.set(id, (sent = { tries: 0 }));
    return sent;
  }

  /** Uppy asks again when an upload is paused and resumed while it is asked for. */
  #once(id: string, ask: (file: File, sent: Sent) => Promise<Put>): Promise<Put> {
    const file = this.#uppy.getFile(id);
    if (!file) return Promise.reject(removed());
    const sent = this.#of(id);
    sent.asking ??= ask(file, sent).finally(() => (sent.asking = undefined));
    return sent.asking;
  }

  /** Asks for a file of Vouch's; one that was asked for in vain is deleted. */
  async #create(file: File, sent: Sent, method: Method): Promise<Put> {
    if (file.vouch) await this.abort(file.vouch.id);
    const created = await this.#vouch.create({
      filename: file.meta.name || file.name,
      contentType: file.type || 'application/octet-stream',
      size: file.size ?? 0,
      method,
      ...(method === 'multipart' ? { partSize: this.partSize(file) } : await sha256(file.data)),
    });
    if (sent.removed) {
      await this.abort(created.id);
      throw removed();
    }
    this.#uppy.setFileState(file.id, { vouch: { id: created.id, method } });
    return { id: created.id, ...(created.upload && { upload: sendable(created.upload) }) };
  }

  async #arrived(id: string): Promise<boolean> {
    try {
      await this.#vouch.complete(id);
      return true;
    } catch (err) {
      if (err instanceof Problem && err.is('not-uploaded', 'closed', 'not-found')) return false;
      throw err;
    }
  }

  /** Leaves nothing of a file that is taken out before it is sent. */
  #remove(file: File): void {
    const sent = this.#sent.get(file.id);
    if (sent) sent.removed = true;
    this.#sent.delete(file.id);
    const id = file.vouch?.id ?? file.s3Multipart?.uploadId;
    if (id && !file.progress.uploadComplete) this.abort(id).catch((err) => this.#uppy.log(err, 'warning'));
  }

  #fail(file: File, error: Error): void {
    const now = this.#uppy.getFile(file.id);
    if (!now) return;
    const sent = this.#of(file.id);
    const closed = error instanceof Problem && error.is('closed', 'not-found');
    const stale = error instanceof Stale || (closed && error.fileStatus !== 'deleted');
    if (stale || closed) this.forget(file.id);
    sent.mend = undefined;
    if (sent.tries === maxTries) return;
    // Of parts, 5 has tried again by itself, and then aborted the upload.
    const open = this.#plugin === 6 || !this.inParts(file);
    if (stale || (open && refused(error))) sent.mend = 'now';
    else if (open && lost(error)) sent.mend = 'later';
  }

  /** Tries again what a new URL mends, before Uppy says how the batch ended. */
  async #mend(ids: string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const sent = this.#sent.get(id);
        if (!sent?.mend) return;
        const delay = sent.mend === 'now' ? 0 : 1000 * 4 ** sent.tries;
        sent.mend = undefined;
        sent.tries++;
        await new Promise((resolve) => setTimeout(resolve, delay));
        // The user may have taken it out meanwhile, or tried again.
        if (this.#uppy.getFile(id)?.error) await this.#uppy.retryUpload(id);
      }),
    );
  }
}

/**
 * Whether S3 refused a URL: it has run out (403), and so has the session of the
 * role that signed it (400 ExpiredToken), or it has served (412, If-None-Match).
 */
function refused(error: Error): boolean {
  const { status, body } = answerOf(error);
  return status === 403 || status === 412 || (status === 400 && body.includes('<Code>ExpiredToken</Code>'));
}

/** Whether there was no answer, or none that the page may read. */
function lost(error: Error): boolean {
  return error instanceof Unreachable || answerOf(error).status === 0;
}

/** What S3 answered, by an error of either plugin. */
function answerOf(error: Error): { status: number | undefined; body: string } {
  const { code, status, body, source } = error as {
    code?: string; // 6
    status?: number;
    body?: string;
    source?: { status?: number; responseText?: string }; // 5
  };
  return {
    status: code === 'NETWORK' ? 0 : (status ?? source?.status),
    body: body ?? source?.responseText ?? '',
  };
}

function removed(): DOMException {
  return new DOMException('The file was taken out', 'AbortError');
}

/** Leaves out the headers that scripts may not set; the browser sets them. */
function sendable({ url, headers }: Presigned): Presigned {
  const set = Object.entries(headers).filter(([name]) => !/^(content-length|host)$/i.test(name));
  return { url, headers: Object.fromEntries(set) };
}

/** The SHA-256 that S3 then holds the bytes to, where the page may make one. */
async function sha256(data: unknown): Promise<{ checksumSHA256?: string }> {
  if (!(data instanceof Blob) || data.size > maxHashed || !globalThis.crypto?.subtle) return {};
  const digest = await crypto.subtle.digest('SHA-256', await data.arrayBuffer());
  return { checksumSHA256: btoa(String.fromCharCode(...new Uint8Array(digest))) };
}
