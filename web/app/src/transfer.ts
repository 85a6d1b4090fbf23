import { Problem, Unreachable, type Progress, type Vouch, type VouchFile } from '@vouch/client';
import type { Keeper } from './kept.js';
import { Meter } from './meter.js';
import type { Network } from './network.js';
import { Turns } from './turns.js';

/**
 * What an upload is at: `waiting` for its turn; `sending`; `paused`; `interrupted` by a
 * reload, so that the file has to be chosen again; `failed`; `checking` once the bytes
 * are there; and `ended`.
 */
export type State = 'waiting' | 'sending' | 'paused' | 'interrupted' | 'failed' | 'checking' | 'ended';

/** The bytes of a part: what is lost at most, of each that is on its way, when an upload is paused. */
export const partSize = 8 << 20;

/** How often an upload is begun again, without getting any further, while the API answers. */
const fruitless = 3;

/** How many files are asked after at once. Whoever comes later finds most of them verified. */
const verdicts = new Turns(8);

/** What all uploads of the page have in common. */
export interface Surroundings {
  vouch: Vouch;
  keeper: Keeper;
  network: Network;
}

/** What is to be sent. `source` is missing after a reload. */
export interface Sending {
  name: string;
  size: number;
  /** As Found has it. */
  folder: string;
  source?: File | undefined;
}

/** One upload, from the file that is chosen to the verdict. */
export class Transfer {
  state: State = 'waiting';
  id: string | undefined;
  readonly name: string;
  readonly size: number;
  readonly folder: string;
  /** Bytes that are hashed or sent. */
  done = 0;
  phase: Progress['phase'] = 'hashing';
  /** Whether it waits for the network, and goes on by itself. */
  offline = false;
  /** As the API last said; once all bytes are there. */
  file: VouchFile | undefined;
  fault: unknown;
  readonly meter = new Meter();
  private source: File | undefined;
  private stop = new AbortController();
  private furthest = 0;

  constructor(
    private readonly around: Surroundings,
    { name, size, folder, source }: Sending,
    private readonly changed: (transfer: Transfer) => void,
  ) {
    this.name = name;
    this.size = size;
    this.folder = folder;
    this.source = source;
  }

  /** Where it was, as nothing else here is called. */
  get path(): string {
    return this.folder + this.name;
  }

  /** Bytes that are sent, as far as is known while the file is read again. */
  get sent(): number {
    if (this.state === 'checking' || this.state === 'ended') return this.size;
    return this.phase === 'hashing' ? this.furthest : this.done;
  }

  /** Whether the API has said no to this file, and would say it again. */
  get refused(): boolean {
    if (this.state !== 'failed' || !(this.fault instanceof Problem)) return false;
    const { status } = this.fault;
    return status < 500 && ![401, 408, 429].includes(status);
  }

  /** Sends what is missing, and follows the file until it has an end state. */
  async run(): Promise<void> {
    const source = this.source;
    if (!source) return;
    await this.attempt('sending', async (signal) => {
      const { id } = await this.whenever(signal, (both) => this.send(source, both));
      this.keep(id);
      await this.follow(signal);
    });
  }

  /** Goes on with an upload that a reload has cut off: all but the bytes themselves is known. */
  async recall(id: string): Promise<void> {
    this.id = id;
    await this.attempt('checking', async (signal) => {
      const file = await this.whenever(signal, (both) => this.around.vouch.get(id, { signal: both }));
      if (file.status === 'pending') this.become('interrupted');
      else await this.follow(signal);
    });
  }

  /** Whether a file that was chosen, in a folder or by itself, can be this one. */
  fits(file: File, folder = ''): boolean {
    const there = folder === '' || folder === this.folder;
    return this.state === 'interrupted' && there && file.name === this.name && file.size === this.size;
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
    this.around.keeper.drop(this.id);
    await this.around.vouch.delete(this.id);
  }

  private async attempt(state: State, what: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = (this.stop = new AbortController());
    this.fault = undefined;
    this.phase = 'hashing';
    this.done = 0;
    this.become(state);
    try {
      await what(signal);
    } catch (err) {
      if (signal.aborted) return; // paused or given up
      this.fault = err;
      this.become('failed');
    }
  }

  /**
   * Does something that needs the network, and does it again when that is back. What can
   * be reached by the API but not by this gives up in the end.
   */
  private async whenever<T>(signal: AbortSignal, what: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { network } = this.around;
    for (let idle = 0; ;) {
      const before = this.furthest;
      try {
        return await what(AbortSignal.any([signal, network.cut]));
      } catch (err) {
        signal.throwIfAborted();
        if (!(err instanceof Unreachable)) throw err;
        this.wait(true);
        const gone = await network.back(signal).finally(() => this.wait(false));
        idle = gone || this.furthest > before ? 0 : idle + 1;
        if (idle > fruitless) throw err;
      }
    }
  }

  private wait(offline: boolean): void {
    this.offline = offline;
    this.changed(this);
  }

  /** Sends the bytes in parts where they are many, so that they can be paused; by one PUT where the policy has no parts. */
  private async send(source: File, signal: AbortSignal): Promise<VouchFile> {
    const { vouch } = this.around;
    const options = {
      filename: source.name,
      contentType: typeOf(source),
      signal,
      resume: this.id,
      onProgress: (progress: Progress) => this.progress(progress),
    };
    if (source.size <= partSize) return vouch.upload(source, options);
    try {
      return await vouch.upload(source, { ...options, method: 'multipart', partSize });
    } catch (err) {
      if (!(err instanceof Problem) || !err.is('method-not-allowed')) throw err;
      return vouch.upload(source, options);
    }
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const { vouch, keeper } = this.around;
    const id = this.id!;
    this.become('checking');
    const onChange = (file: VouchFile) => {
      this.file = file;
      this.changed(this);
    };
    const settled = () => this.whenever(signal, (both) => vouch.settled(id, { signal: both, onChange }));
    await verdicts.take(settled, signal);
    keeper.drop(id);
    this.become('ended');
  }

  private progress({ phase, id, done }: Progress): void {
    if (this.state !== 'sending') return; // it was paused or given up meanwhile
    this.phase = phase;
    this.done = done;
    if (phase === 'sending') {
      this.meter.note(done, performance.now());
      this.furthest = Math.max(this.furthest, done);
    }
    if (id && id !== this.id) this.keep(id);
    this.changed(this);
  }

  private keep(id: string): void {
    const { keeper } = this.around;
    if (this.id && this.id !== id) keeper.drop(this.id); // it has begun anew
    this.id = id;
    keeper.put({ id, name: this.name, size: this.size, folder: this.folder });
  }

  private become(state: State): void {
    this.state = state;
    this.changed(this);
  }
}

/** Names that browsers have for types that the API knows by others. */
const others: Record<string, string> = {
  'application/x-zip-compressed': 'application/zip',
  'audio/x-wav': 'audio/wav',
};

function typeOf({ type }: File): string {
  return others[type] ?? (type || 'application/octet-stream');
}
