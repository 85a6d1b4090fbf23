import { Unreachable } from '@vouch/client';

/** The bounds of the time between two questions, in milliseconds. */
const firstDelay = 1000;
const longestDelay = 30_000;

/** How long the API may take to answer that, in milliseconds. */
const patience = 10_000;

/** Asks the API for what needs no token, whatever it answers; throws if nothing does. */
export async function reach(api: string): Promise<void> {
  const signal = AbortSignal.timeout(patience);
  await fetch(`${api}/.well-known/jwks.json`, { cache: 'no-store', credentials: 'omit', signal });
}

/**
 * Whether the network is there, as far as a page can know. What the browser says of it
 * only makes things stop and go on sooner: a machine that is offline reaches itself,
 * and one that is online may reach nobody. So the API is asked, once for all who wait.
 */
export class Network {
  private gone = new AbortController();
  private asking: Promise<boolean> | undefined;

  constructor(
    /** Reaches the API, or throws. */
    private readonly ask: () => Promise<unknown>,
    private readonly browser: EventTarget = globalThis,
  ) {
    browser.addEventListener('offline', () => {
      this.gone.abort(new Unreachable('the browser is offline'));
      this.gone = new AbortController();
    });
  }

  /** Is aborted, by an Unreachable, when the browser next says that it is offline. */
  get cut(): AbortSignal {
    return this.gone.signal;
  }

  /** Waits until the API answers. Whether it had been gone: the first question may find it there. */
  async back(signal: AbortSignal): Promise<boolean> {
    this.asking ??= this.answer().finally(() => (this.asking = undefined));
    signal.throwIfAborted();
    const ended = new AbortController();
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal }),
    );
    return Promise.race([this.asking, aborted]).finally(() => ended.abort());
  }

  private async answer(): Promise<boolean> {
    for (let failed = 0; ; failed++) {
      await this.moment(Math.min(longestDelay, firstDelay * 2 ** failed));
      try {
        await this.ask();
        return failed > 0;
      } catch {
        continue; // whatever keeps the API from being reached
      }
    }
  }

  /** Waits for a time, some of it random so that not all pages ask at once, or until the browser says that it is online. */
  private moment(most: number): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        this.browser.removeEventListener('online', over);
        resolve();
      };
      const timer = setTimeout(over, most * (0.5 + Math.random() / 2));
      this.browser.addEventListener('online', over);
    });
  }
}
