import type { Problem as Body, Status } from './openapi.js';

/** An answer of the API that says no (RFC 9457; docs/problems.md lists the types). */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** `urn:vouch:problem:…`, or `about:blank` for what the gateway refuses. */
  readonly type: string;
  /** Of the HTTP answer. */
  readonly status: number;
  readonly title: string;
  /** What is wrong, for people. */
  readonly detail: string | undefined;
  /** The member of the request at fault. */
  readonly field: string | undefined;
  /** What would have been accepted. */
  readonly accepted: string | undefined;
  /** What the file is that the call was about. */
  readonly fileStatus: Status | undefined;
  /** The limit that is reached, and what it allows and has left, in bytes or as a count. */
  readonly quota: Body['quota'];
  /** Whose limit that is: your own, or that of all owners of your tenant. */
  readonly account: Body['account'];
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** When the limit is free again, where time alone frees it (RFC 3339). */
  readonly resetsAt: string | undefined;
  /** Milliseconds after which the API wants to be asked again; 0 where it does not say. */
  readonly retryAfter: number;

  /** `body` is what was answered, and is believed only as far as its types are right. */
  constructor(status: number, body: unknown, retryAfter = 0) {
    const members: Record<string, unknown> = typeof body === 'object' && body !== null ? { ...body } : {};
    const text = (name: string) => (typeof members[name] === 'string' ? members[name] : undefined);
    const number = (name: string) => (typeof members[name] === 'number' ? members[name] : undefined);
    const title = text('title') ?? text('message') ?? `Vouch answered ${status}`;
    super(text('detail') ?? title);
    this.type = text('type') ?? 'about:blank';
    this.status = status;
    this.title = title;
    this.detail = text('detail');
    this.field = text('field');
    this.accepted = text('accepted');
    this.fileStatus = text('fileStatus') as Status | undefined;
    this.quota = text('quota') as Body['quota'];
    this.account = text('account') as Body['account'];
    this.limit = number('limit');
    this.remaining = number('remaining');
    this.resetsAt = text('resetsAt');
    this.retryAfter = retryAfter;
  }

  /** Whether the type is `urn:vouch:problem:` and one of these names. */
  is(...names: string[]): boolean {
    return names.some((name) => this.type === `urn:vouch:problem:${name}`);
  }
}

/**
 * An answer of S3 that says no ("Error responses", Amazon S3 API Reference). It
 * holds nothing of the URL, which is a secret.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** As in `SlowDown`; empty where S3 does not say. */
  readonly code: string;
  /** Whether the URL's time is over, so that another may serve. */
  readonly ranOut: boolean;

  /** `body` is S3's XML, of which only the code and the message are read: others repeat what was signed. */
  constructor(
    readonly status: number,
    body: string,
    readonly retryAfter = 0,
  ) {
    const read = (name: string) => new RegExp(`<${name}>([^<]{0,500})</${name}>`).exec(body)?.[1] ?? '';
    const code = read('Code');
    const message = read('Message');
    super(code ? `S3 answers ${status} ${code}: ${message}` : `S3 answers ${status}`);
    this.code = code;
    this.ranOut = code === 'ExpiredToken' || (status === 403 && /expired/i.test(message));
  }
}

/** A request had no answer, or none that the page may read. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}
