import { pathOf } from './path.js';
import type { Abortable, Caller } from './call.js';
import type { File as VouchFile, Status } from './openapi.js';
import { retryAfter, sleep } from './retry.js';

export interface SettledOptions extends Abortable {
  /** Told of the file as it is first seen, and after every change. */
  onChange?: ((file: VouchFile) => void) | undefined;
}

const finals: readonly Status[] = ['ready', 'rejected', 'expired', 'deleted'];

/** How long to wait where the API does not say, in milliseconds. */
const poll = 2000;

/** Vouch.settled. */
export async function settled(call: Caller, id: string, { signal, onChange }: SettledOptions): Promise<VouchFile> {
  for (let etag: string | undefined; ;) {
    const { status, headers, body } = await call<VouchFile>({ method: 'GET', path: pathOf(id), etag, signal });
    if (status !== 304) {
      etag = headers.get('ETag') ?? undefined;
      onChange?.(body);
      if (finals.includes(body.status)) return body;
    }
    await sleep(retryAfter(headers.get('Retry-After')) || poll, signal);
  }
}
