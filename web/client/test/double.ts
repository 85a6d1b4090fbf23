import { mock, type TestContext } from 'node:test';
import { Vouch } from '../src/index.js';

export interface Call {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

type Reply = (call: Call) => Response | Error | undefined | Promise<Response | Error | undefined>;

export const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

export const problem = (status: number, name: string, headers: Record<string, string> = {}) =>
  json(status, { type: `urn:vouch:problem:${name}`, title: name, status }, headers);

/** A client whose calls, to the API and to S3, are answered by `reply`; an Error is a connection that breaks. */
export function client(reply: Reply): { vouch: Vouch; calls: Call[]; to: (method: string, path: string) => Call[] } {
  const calls: Call[] = [];
  const vouch = new Vouch({
    api: 'https://api.example.com/',
    token: async () => `token${calls.length + 1}`,
    fetch: async (url, init) => {
      init?.signal?.throwIfAborted();
      const body = init?.body instanceof Blob ? await init.body.text() : init?.body && JSON.parse(String(init.body));
      const headers = Object.fromEntries(new Headers(init?.headers));
      const call = { method: init?.method ?? 'GET', url: String(url), headers, body };
      calls.push(call);
      const answer = (await reply(call)) ?? new Error(`${call.method} ${call.url} is not foreseen`);
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  const to = (method: string, path: string) =>
    calls.filter((call) => call.method === method && new URL(call.url).pathname === path);
  return { vouch, calls, to };
}

/** A client whose calls get these answers, one after the other. */
export function answers(...list: (Response | Error)[]) {
  return client(() => list.shift());
}

/** Has every sleep end at once, and returns how long each would have been. */
export function asleep(t: TestContext): number[] {
  const delays: number[] = [];
  const real = setTimeout;
  const stub = mock.method(globalThis, 'setTimeout', (wake: () => void, delay = 0) => {
    delays.push(delay);
    return real(wake, 0);
  });
  t.after(() => stub.mock.restore());
  return delays;
}
