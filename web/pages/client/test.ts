// What the tests of the client do in a page: files to send, and a record of what is told.
import { hash, Problem, Vouch, type Progress, type VouchFile } from '@vouch/client';
import { send } from './guide.js';

declare const trustedTypes: {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): unknown;
};
trustedTypes.createPolicy('default', {
  createScriptURL(address) {
    if (new URL(address, location.href).origin !== location.origin) throw new TypeError(`a script of ${address}`);
    return address;
  },
});

const config = JSON.parse(document.getElementById('config')!.textContent!);
const vouch = new Vouch({ api: config.api, token: async () => config.token });

const input = document.createElement('input');
input.type = 'file';
document.body.append(input);

/** Uploads that were begun, each with what it has told and how to give it up. */
const uploads: {
  progress: Progress[];
  stop: AbortController;
  ended: Promise<VouchFile | { error: string; type?: string }>;
}[] = [];

Object.assign(window, {
  vouch,
  uploads,
  /** Begins an upload of a text, or of the file that is chosen, and returns its index. */
  begin(
    options: {
      filename: string;
      contentType: string;
      method?: 'put' | 'multipart';
      partSize?: number;
      resume?: string;
    },
    text?: string,
  ) {
    const blob = text === undefined ? input.files![0]! : new Blob([text]);
    const stop = new AbortController();
    const progress: Progress[] = [];
    const ended = vouch
      .upload(blob, { ...options, signal: stop.signal, onProgress: (told) => progress.push(told) })
      .catch((err: Error) => ({
        error: err.name,
        message: err.message,
        ...(err instanceof Problem && { type: err.type }),
      }));
    return uploads.push({ progress, stop, ended }) - 1;
  },
  /** Sends a text as the guide does, and returns the file with all that was shown. */
  async sendText(name: string, type: string, text: string) {
    const shown: string[] = [];
    const file = await send(vouch, new File([text], name, { type }), (said) => shown.push(said));
    return { file, shown, kept: localStorage.length };
  },
  settled: (id: string) => vouch.settled(id, { signal: AbortSignal.timeout(30_000) }),
  /** Hashes the file that is chosen, and counts how often a timer of 10 ms goes off meanwhile, and how late it is at worst. */
  async hashChosen() {
    let ticks = 0;
    let last = performance.now();
    let longest = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
      ticks++;
    }, 10);
    const told: number[] = [];
    const begun = performance.now();
    const sum = await hash(input.files![0]!, { onProgress: (bytes) => told.push(bytes) });
    clearInterval(timer);
    return { sum, ticks, longest, told: told.length, took: performance.now() - begun };
  },
});
