/**
 * A client of Vouch's API (docs/openapi.yaml) for browsers: what an upload
 * needs, and the wait for its verdict.
 */

/** What a file is, from `POST /files` to its end. */
export type Status = 'pending' | 'uploaded' | 'verifying' | 'ready' | 'rejected' | 'expired' | 'deleted';

/** A file as the API shows it. Sizes are bytes, times RFC 3339. */
export interface VouchFile {
  id: string;
  status: Status;
  method: 'put' | 'multipart' | 'form';
  filename: string;
  contentType: string;
  size?: number;
  /** In base64; left out until known. */
  checksumSHA256?: string;
  /** Why the file was rejected. */
  reason?: string;
  createdAt: string;
  updatedAt: string;
  verdict?: Record<string, unknown>;
  receipt?: string;
}

/** What `POST /files` is asked. */
export interface NewFile {
  filename: string;
  contentType: string;
  size: number;
  method: 'put' | 'multipart';
  /** Bytes of every part but the last. */
  partSize?: number;
  /** In base64. */
  checksumSHA256?: string;
}

/** A URL to send bytes to, and the headers to send with them. */
export interface Presigned {
  url: string;
  headers: Record<string, string>;
}

/** A pending file, and how to send it. */
export interface Created extends VouchFile {
  upload?: Presigned;
  multipart?: { partSize: number; partCount: number };
}

/** A part that S3 holds; the ETag is without its quotes. */
export interface HeldPart {
  partNumber: number;
  size: number;
  etag: string;
}

/** The parts that S3 holds of an upload, and its part size in bytes. */
export interface HeldParts {
  partSize: number;
  parts: HeldPart[];
}

/** An answer of the API that says no (RFC 9457; docs/problems.md lists the types). */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** `urn:vouch:problem:…`, or `about:blank` for what the gateway refuses. */
  readonly type: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  /** The member of the request at fault. */
  readonly field: string | undefined;
  /** What would have been accepted. */
  readonly accepted: string | undefined;
  /** What the file is that the call was about. */
  readonly fileStatus: Status | undefined;

  constructor(status: number, body: Record<string, unknown>) {
    const text = (name: string) => (typeof body[name] === 'string' ? body[name] : undefined);
    const title = text('title') ?? text('message') ?? `Vouch answered ${status}`;
    super(text('detail') ?? title);
    this.type = text('type') ?? 'about:blank';
    this.status = status;
    this.title = title;
    this.detail = text('detail');
    this.field = text('field');
    this.accepted = text('accepted');
    this.fileStatus = text('fileStatus') as Status | undefined;
  }

  /** Whether the type is `urn:vouch:problem:` and one of these names. */
  is(...names: string[]): boolean {
    return names.some((name) => this.type === `urn:vouch:problem:${name}`);
  }
}

/** The API did not answer, whatever was tried. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export interface VouchOptions {
  /** The API's URL, for example `https://api.example.com`. */
  api: string;
  /** A JWT that is valid now; it is asked for before every call. */
  token: () => string | Promise<string>;
  /** In place of the browser's own. */
  fetch?: typeof fetch;
}

/** Options of a call that can be given up. */
export interface Abortable {
  signal?: AbortSignal;
}

const finals: readonly Status[] = ['ready', 'rejected', 'expired', 'deleted'];

/** How often a call is made at most, if the API cannot be reached or is busy. */
const attempts = 4;

/** The longest that one attempt may take; API Gateway gives up after 30 s. */
const patience = 40_000;

/** A client of one API. Every method throws a Problem when the API refuses, and Unreachable when it does not answer. */
export class Vouch {
  readonly #api: string;
  readonly #token: VouchOptions['token'];
  readonly #fetch: typeof fetch;

  constructor(options: VouchOptions) {
    this.#api = options.api.replace(/\/+$/, '');
    this.#token = options.token;
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** The address of a file in the API. */
  url(id: string): string {
    return `${this.#api}/files/${encodeURIComponent(id)}`;
  }

  /** Asks to upload a file: one file, however often it has to be asked for. */
  async create(file: NewFile): Promise<Created> {
    return (await this.#call('POST', `${this.#api}/files`, { body: file, key: newKey() })).json();
  }

  /** Presigns a part, the first being 1. */
  async presign(id: string, partNumber: number, { signal }: Abortable = {}): Promise<Presigned> {
    const body = { partNumbers: [partNumber] };
    const response = await this.#call('POST', `${this.url(id)}/parts`, { body, signal });
    const { parts } = (await response.json()) as { parts: [Presigned] };
    return parts[0];
  }

  /** Lists all parts that S3 holds. */
  async parts(id: string, { signal }: Abortable = {}): Promise<HeldParts> {
    const all: HeldPart[] = [];
    let after = '';
    for (;;) {
      const response = await this.#call('GET', `${this.url(id)}/parts${after}`, { signal });
      const page = (await response.json()) as HeldParts & { nextAfter?: number };
      all.push(...page.parts);
      if (page.nextAfter === undefined) return { partSize: page.partSize, parts: all };
      after = `?after=${page.nextAfter}`;
    }
  }

  /**
   * Says that the bytes are sent. Of a file in parts, `parts` are the ETags as
   * S3 answered them: the API puts nothing together that differs.
   */
  async complete(
    id: string,
    parts?: readonly { partNumber: number; etag: string }[],
    { signal }: Abortable = {},
  ): Promise<VouchFile> {
    const body = parts && { parts };
    return (await this.#call('POST', `${this.url(id)}/complete`, { body, signal })).json();
  }

  /** Deletes a file and its bytes, and aborts its upload. Twice is no error. */
  async delete(id: string): Promise<void> {
    await this.#call('DELETE', this.url(id));
  }

  /** What became of a file. */
  async get(id: string, { signal }: Abortable = {}): Promise<VouchFile> {
    return (await this.#call('GET', this.url(id), { signal })).json();
  }

  /**
   * Waits until a file is `ready`, `rejected`, `expired` or `deleted`, and
   * returns it. `onChange` is told of every state before that, and of the last.
   * The API says how often it wants to be asked.
   */
  async wait(
    id: string,
    { signal, onChange }: Abortable & { onChange?: (file: VouchFile) => void } = {},
  ): Promise<VouchFile> {
    let etag: string | null = null;
    for (;;) {
      const response = await this.#call('GET', this.url(id), { etag, signal });
      if (response.status !== 304) {
        const file = (await response.json()) as VouchFile;
        etag = response.headers.get('ETag');
        onChange?.(file);
        if (finals.includes(file.status)) return file;
      }
      await sleep(retryAfter(response) ?? 2000, signal);
    }
  }

  async #call(
    method: string,
    url: string,
    { body, etag, key, signal }: { body?: unknown; etag?: string | null; key?: string } & Abortable = {},
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const headers: Record<string, string> = { Authorization: `Bearer ${await this.#token()}` };
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (etag) headers['If-None-Match'] = etag;
      if (key) headers['Idempotency-Key'] = `"${key}"`;
      const last = attempt === attempts;
      let response: Response | undefined;
      const late = new AbortController();
      const stop = () => late.abort(signal?.reason);
      const timer = setTimeout(() => late.abort(new DOMException('Vouch does not answer', 'TimeoutError')), patience);
      signal?.addEventListener('abort', stop);
      try {
        signal?.throwIfAborted();
        response = await this.#fetch(url, {
          method,
          headers,
          body: body === undefined ? undefined : JSON.stringify(body),
          cache: 'no-store',
          credentials: 'omit',
          signal: late.signal,
        });
      } catch (err) {
        if (signal?.aborted) throw signal.reason;
        if (last) throw new Unreachable('Vouch cannot be reached', { cause: err });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      }
      if (response && (response.ok || response.status === 304)) return response;
      if (response && (last || (response.status < 500 && response.status !== 429))) {
        const problem = new Problem(response.status, await object(response));
        // An attempt whose answer was lost is still being carried out.
        if (last || !problem.is('idempotency-in-progress')) throw problem;
      }
      await sleep((response && retryAfter(response)) ?? 500 * 2 ** (attempt - 1) * (1 + Math.random()), signal);
    }
  }
}

/** A new Idempotency-Key. Unlike randomUUID, what it is made of is there without TLS too. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The JSON object in a body, or an empty one: what refuses need not be Vouch. */
async function object(response: Response): Promise<Record<string, unknown>> {
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}

/** The milliseconds after which the API wants to be asked again. */
function retryAfter(response: Response): number | undefined {
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
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
