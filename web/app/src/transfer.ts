import { Problem, type Progress, type Vouch, type VouchFile } from '@vouch/client';
import type { Keeper } from './kept.js';
import { Meter } from './meter.js';

/**
 * What an upload is at: `waiting` for its turn; `sending`; `paused`; `interrupted` by a
 * reload, so that the file has to be chosen again; `failed`; `checking` once the bytes
 * are there; and `ended`.
 */
export type State = 'waiting' | 'sending' | 'paused' | 'interrupted' | 'failed' | 'checking' | 'ended';

/** The bytes of a part: what is lost at most, of each that is on its way, when an upload is paused. */
const partSize = 8 << 20;

/** One upload, from the file that is chosen to the verdict. */
export class Transfer {
  state: State = 'waiting';
  id: string | undefined;
  /** Bytes that are hashed or sent. */
  done = 0;
  phase: Progress['phase'] = 'hashing';
  /** As the API last said; once all bytes are there. */
  file: VouchFile | undefined;
  fault: unknown;
  readonly meter = new Meter();
  private stop = new AbortController();

  constructor(
    private readonly vouch: Vouch,
    private readonly keeper: Keeper,
    readonly name: string,
    readonly size: number,
    private source: File | undefined,
    private readonly changed: (transfer: Transfer) => void,
  ) {}

  /** Sends what is missing, and follows the file until it has an end state. */
  async run(): Promise<void> {
    const source = this.source;
    if (!source) return;
    const { signal } = (this.stop = new AbortController());
    this.fault = undefined;
    this.done = 0;
    this.become('sending');
    try {
      const { id } = await this.send(source, signal);
      this.keep(id, source);
      await this.follow(signal);
    } catch (err) {
      this.failed(err, signal);
    }
  }

  /** Goes on with an upload that a reload has cut off: all but the bytes themselves is known. */
  async recall(id: string): Promise<void> {
    this.id = id;
    const { signal } = (this.stop = new AbortController());
    this.become('checking');
    try {
      const file = await this.vouch.get(id, { signal });
      if (file.status !== 'pending') return await this.follow(signal);
      this.become('interrupted');
    } catch (err) {
      this.failed(err, signal);
    }
  }

  /** Whether a file that was chosen can be this one. */
  fits(file: File): boolean {
    return this.state === 'interrupted' && file.name === this.name && file.size === this.size;
  }

  /** Waits for its turn, with the file itself where it had to be chosen again. */
  requeue(source = this.source): void {
    this.source = source;
    if (source) this.become('waiting');
    else void this.recall(this.id!);
  }

  /** Stops sending; what is there stays. */
  pause(): void {
    this.become('paused');
    this.stop.abort();
  }

  /** Gives the upload up, and deletes what is there of it. */
  async cancel(): Promise<void> {
    this.become('ended');
    this.stop.abort();
    if (!this.id) return;
    this.keeper.drop(this.id);
    await this.vouch.delete(this.id);
  }

  /** Sends the bytes in parts where they are many, so that they can be paused; by one PUT where the policy has no parts. */
  private async send(source: File, signal: AbortSignal): Promise<VouchFile> {
    const options = {
      filename: source.name,
      contentType: typeOf(source),
      signal,
      resume: this.id,
      onProgress: (progress: Progress) => this.progress(progress, source),
    };
    if (source.size <= partSize) return this.vouch.upload(source, options);
    try {
      return await this.vouch.upload(source, { ...options, method: 'multipart', partSize });
    } catch (err) {
      if (!(err instanceof Problem) || !err.is('method-not-allowed')) throw err;
      return this.vouch.upload(source, options);
    }
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const id = this.id!;
    this.become('checking');
    const onChange = (file: VouchFile) => {
      this.file = file;
      this.changed(this);
    };
    await this.vouch.settled(id, { signal, onChange });
    this.keeper.drop(id);
    this.become('ended');
  }

  private progress({ phase, id, done }: Progress, source: File): void {
    if (this.state !== 'sending') return; // it was paused or given up meanwhile
    this.phase = phase;
    this.done = done;
    if (phase === 'sending') this.meter.note(done, performance.now());
    if (id && id !== this.id) this.keep(id, source);
    this.changed(this);
  }

  private keep(id: string, { name, size }: File): void {
    if (this.id && this.id !== id) this.keeper.drop(this.id); // it has begun anew
    this.id = id;
    this.keeper.put({ id, name, size });
  }

  private failed(err: unknown, signal: AbortSignal): void {
    if (signal.aborted) return; // paused or given up
    this.fault = err;
    this.become('failed');
  }

  private become(state: State): void {
    this.state = state;
    this.changed(this);
  }
}

/** Names that browsers have for types that the API knows by others. */
const others: Record<string, string> = { 'application/x-zip-compressed': 'application/zip', 'audio/x-wav': 'audio/wav' };

function typeOf({ type }: File): string {
  return others[type] ?? (type || 'application/octet-stream');
}
