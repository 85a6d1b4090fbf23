import { caller, type Abortable, type Caller, type VouchOptions } from './call.js';
import type * as api from './openapi.js';
import { grantPath, pathOf, type Grantee } from './path.js';
import { settled, type SettledOptions } from './settled.js';
import { upload, type UploadOptions } from './upload.js';

export interface ListOptions extends Abortable {
  /** All but deleted ones if it is left out. */
  status?: api.Status | undefined;
  /** Files a page, 1 to 100; the API's to choose if it is left out. */
  limit?: number | undefined;
}

export interface HistoryOptions extends Abortable {
  /** What was `done`, or what was `denied`; the former if it is left out. */
  outcome?: api.HistoryEvent['outcome'] | undefined;
  /** Events a page, 1 to 100; the API's to choose if it is left out. */
  limit?: number | undefined;
}

/**
 * A client of one API (docs/openapi.yaml). Every method throws a Problem if the API
 * refuses, Unreachable if it does not answer, whatever was tried, and the signal's
 * reason if it is given up. Sizes are bytes, times RFC 3339, checksums base64.
 */
export class Vouch {
  readonly #call: Caller;
  readonly #fetch: typeof fetch;

  constructor(options: VouchOptions) {
    this.#call = caller(options);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /**
   * Sends a file, and returns it when its bytes are there, which is before it is
   * verified: `settled` waits for that. An upload that is given up or fails is kept
   * until it expires, so that it can be resumed; `delete` ends it sooner.
   */
  upload(file: Blob, options: UploadOptions): Promise<api.File> {
    return upload(this, file, options, this.#fetch);
  }

  /**
   * Waits until a file is `ready`, `rejected`, `expired` or `deleted`, and returns it;
   * `reason` says why it is rejected. The API says how often it wants to be asked.
   */
  settled(id: string, options: SettledOptions = {}): Promise<api.File> {
    return settled(this.#call, id, options);
  }

  /** Asks to upload a file. However often it has to be sent, one call makes one file. */
  async createUpload(file: api.NewFile, { signal }: Abortable = {}): Promise<api.Created> {
    return (await this.#call<api.Created>({ method: 'POST', path: '/files', body: file, signal })).body;
  }

  /** URLs to send parts to, at most 100, in the order they are asked for. The first part is 1. */
  async presignParts(id: string, partNumbers: number[], { signal }: Abortable = {}): Promise<api.PresignedParts> {
    const path = `${pathOf(id)}/parts`;
    return (await this.#call<api.PresignedParts>({ method: 'POST', path, body: { partNumbers }, signal })).body;
  }

  /** All parts that S3 holds of a pending file, and how it is cut. */
  async listParts(id: string, { signal }: Abortable = {}): Promise<Omit<api.HeldParts, 'nextAfter'>> {
    const path = `${pathOf(id)}/parts`;
    const parts: api.HeldParts['parts'] = [];
    for (let after: number | undefined; ;) {
      const { body } = await this.#call<api.HeldParts>({ method: 'GET', path, query: { after }, signal });
      const { nextAfter, ...page } = body;
      parts.push(...page.parts);
      if (nextAfter === undefined) return { ...page, parts };
      after = nextAfter;
    }
  }

  /** Says that the bytes are sent, and of parts which: nothing is put together that differs. */
  async complete(id: string, completion?: api.Completion, { signal }: Abortable = {}): Promise<api.File> {
    const path = `${pathOf(id)}/complete`;
    return (await this.#call<api.File>({ method: 'POST', path, body: completion, signal })).body;
  }

  /** What became of a file, its verdict and receipt included. */
  async get(id: string, { signal }: Abortable = {}): Promise<api.File> {
    return (await this.#call<api.File>({ method: 'GET', path: pathOf(id), signal })).body;
  }

  /** Your own files, newest first, a page at a time as they are asked for. */
  async *list(options: ListOptions = {}): AsyncGenerator<api.File, void, undefined> {
    for (let cursor: string | undefined; ;) {
      const page = await this.page({ ...options, cursor });
      yield* page.files;
      if (page.nextCursor === undefined) return;
      cursor = page.nextCursor;
    }
  }

  /** One page of them; `cursor` is the `nextCursor` of the page before. */
  async page({ status, limit, cursor, signal }: ListOptions & { cursor?: string | undefined } = {}): Promise<api.Page> {
    const query = { status, limit, cursor };
    return (await this.#call<api.Page>({ method: 'GET', path: '/files', query, signal })).body;
  }

  /** A URL to the bytes of a ready file, for some minutes: exactly the version that was verified. */
  async download(id: string, { signal }: Abortable = {}): Promise<api.Link> {
    return (await this.#call<api.Link>({ method: 'POST', path: `${pathOf(id)}/download`, signal })).body;
  }

  /** Deletes a file and its bytes, and aborts its upload. Twice is no error. */
  async delete(id: string, { signal }: Abortable = {}): Promise<void> {
    await this.#call({ method: 'DELETE', path: pathOf(id), signal });
  }

  /** Who else may do what with a file. */
  async grants(id: string, { signal }: Abortable = {}): Promise<api.Grant[]> {
    return (await this.#call<api.Grants>({ method: 'GET', path: `${pathOf(id)}/grants`, signal })).body.grants;
  }

  /** Lets somebody read or manage a file, in place of the grant that they have. */
  async putGrant(id: string, to: Grantee, grant: api.NewGrant, { signal }: Abortable = {}): Promise<api.Grant> {
    return (await this.#call<api.Grant>({ method: 'PUT', ...grantPath(id, to), body: grant, signal })).body;
  }

  /** Takes a grant away. What is not there is no error. */
  async deleteGrant(id: string, from: Grantee, { signal }: Abortable = {}): Promise<void> {
    await this.#call({ method: 'DELETE', ...grantPath(id, from), signal });
  }

  /** Has a file kept until a time, at which it is deleted; null for as long as nobody deletes it. */
  async setRetention(id: string, expiresAt: string | null, { signal }: Abortable = {}): Promise<api.Retention> {
    const path = `${pathOf(id)}/retention`;
    return (await this.#call<api.Retention>({ method: 'PUT', path, body: { expiresAt }, signal })).body;
  }

  /** What was done to a file, and by whom, or what was denied; newest first, a page at a time as it is asked for. */
  async *history(id: string, options: HistoryOptions = {}): AsyncGenerator<api.HistoryEvent, void, undefined> {
    const { outcome, limit, signal } = options;
    const path = `${pathOf(id)}/history`;
    for (let cursor: string | undefined; ;) {
      const query = { outcome, limit, cursor };
      const { events, nextCursor } = (await this.#call<api.History>({ method: 'GET', path, query, signal })).body;
      yield* events;
      if (nextCursor === undefined) return;
      cursor = nextCursor;
    }
  }

  /** What your files use of the quotas. */
  async usage({ signal }: Abortable = {}): Promise<api.Usage> {
    return (await this.#call<api.Usage>({ method: 'GET', path: '/usage', signal })).body;
  }
}
