import assert from 'node:assert/strict';
import { it, mock, type TestContext } from 'node:test';
import { Problem, Unreachable, Vouch } from '../src/vouch.js';

interface Call {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

/** A client whose calls get these answers, one after the other. */
function client(...answers: (Response | Error)[]): { vouch: Vouch; calls: Call[] } {
  const calls: Call[] = [];
  const vouch = new Vouch({
    api: 'https://api.example.com/',
    token: () => `token${calls.length + 1}`,
    fetch: async (url, init) => {
      calls.push({
        method: init?.method ?? 'GET',
        url: String(url),
        headers: init?.headers as Record<string, string>,
        body: init?.body && JSON.parse(String(init.body)),
      });
      const answer = answers.shift();
      if (!answer) throw new Error('one call too many');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { vouch, calls };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

/** Has every sleep end at once, and returns how long each would have been. */
function asleep(t: TestContext): number[] {
  const delays: number[] = [];
  const real = setTimeout;
  const stub = mock.method(globalThis, 'setTimeout', (wake: () => void, delay = 0) => {
    if (delay >= 40_000) return real(wake, delay); // the patience with an answer
    delays.push(delay);
    return real(wake, 0);
  });
  t.after(() => stub.mock.restore());
  return delays;
}

it('every call has a token of its own', async () => {
  const { vouch, calls } = client(json(200, { id: 'a' }), json(202, { id: 'a' }));
  await vouch.get('a');
  await vouch.complete('a');
  assert.deepEqual(
    calls.map((call) => call.headers.Authorization),
    ['Bearer token1', 'Bearer token2'],
  );
});

it('an id cannot lead to another path', async () => {
  const { vouch, calls } = client(new Response(null, { status: 204 }));
  await vouch.delete('../admin');
  assert.equal(calls[0]?.url, 'https://api.example.com/files/..%2Fadmin');
});

it('a problem says what the API says', async () => {
  const { vouch } = client(
    json(422, {
      type: 'urn:vouch:problem:file-too-large',
      title: 'The file is too large',
      status: 422,
      detail: 'It has 3 bytes.',
      field: 'size',
      accepted: 'at most 2',
    }),
  );
  await assert.rejects(vouch.get('a'), (err) => {
    assert.ok(err instanceof Problem);
    assert.ok(err.is('closed', 'file-too-large'));
    assert.deepEqual([err.message, err.status, err.field, err.accepted], ['It has 3 bytes.', 422, 'size', 'at most 2']);
    return true;
  });
});

it('what the gateway refuses is a problem too, and so is what is no JSON', async () => {
  const { vouch } = client(json(401, { message: 'Unauthorized' }), new Response('<html>', { status: 404 }));
  await assert.rejects(vouch.get('a'), { name: 'Problem', status: 401, message: 'Unauthorized', type: 'about:blank' });
  await assert.rejects(vouch.get('a'), { name: 'Problem', status: 404, type: 'about:blank' });
});

it('a busy or absent API is asked again, and the last word counts', async (t) => {
  const delays = asleep(t);
  const busy = () => json(503, {}, { 'Retry-After': '1' });
  const { vouch, calls } = client(busy(), new TypeError('network'), json(200, { id: 'a', status: 'ready' }));
  assert.equal((await vouch.get('a')).status, 'ready');
  assert.equal(calls.length, 3);
  assert.equal(delays[0], 1000, 'it does not wait as long as it is told');
  const down = client(...Array.from({ length: 4 }, () => new TypeError('network')));
  await assert.rejects(down.vouch.get('a'), Unreachable);
  assert.equal(down.calls.length, 4);
});

it('one upload is asked for with one key, however often', async (t) => {
  asleep(t);
  const file = { filename: 'a', contentType: 'text/plain', size: 1, method: 'put' } as const;
  const busy = json(409, { type: 'urn:vouch:problem:idempotency-in-progress' }, { 'Retry-After': '1' });
  const { vouch, calls } = client(new TypeError('network'), busy, json(201, { id: 'a' }), json(201, { id: 'b' }));
  assert.equal((await vouch.create(file)).id, 'a');
  assert.equal((await vouch.create(file)).id, 'b');
  const keys = calls.map((call) => call.headers['Idempotency-Key']);
  assert.match(keys[0] ?? '', /^"[0-9a-f]{32}"$/);
  assert.deepEqual([keys[1], keys[2]], [keys[0], keys[0]]);
  assert.notEqual(keys[3], keys[0]);
});

it('a call is given up when it is asked to', async () => {
  const { vouch, calls } = client();
  await assert.rejects(vouch.get('a', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal(calls.length, 0);
});

it('the wait asks as often as it is told, names what it knows, and ends with the verdict', async (t) => {
  const delays = asleep(t);
  const { vouch, calls } = client(
    json(200, { status: 'pending' }, { ETag: '"1"', 'Retry-After': '3' }),
    new Response(null, { status: 304, headers: { 'Retry-After': '1' } }),
    json(200, { status: 'rejected', reason: 'malware-detected' }, { ETag: '"2"' }),
  );
  const seen: string[] = [];
  const file = await vouch.wait('a', { onChange: (f) => seen.push(f.status) });
  assert.deepEqual(delays, [3000, 1000]);
  assert.deepEqual([file.status, file.reason], ['rejected', 'malware-detected']);
  assert.deepEqual(seen, ['pending', 'rejected']);
  assert.deepEqual(
    calls.map((call) => call.headers['If-None-Match']),
    [undefined, '"1"', '"1"'],
  );
});

it('the wait ends when it is given up', async () => {
  const { vouch } = client(json(200, { status: 'pending' }, { 'Retry-After': '60' }));
  const wait = new AbortController();
  const waiting = vouch.wait('a', { signal: wait.signal, onChange: () => setImmediate(() => wait.abort()) });
  await assert.rejects(waiting, { name: 'AbortError' });
});

it('all pages of the parts are listed', async () => {
  const part = (partNumber: number) => ({ partNumber, size: 5, etag: `e${partNumber}` });
  const { vouch, calls } = client(
    json(200, { partSize: 5, parts: [part(1)], nextAfter: 1 }),
    json(200, { partSize: 5, parts: [part(2)] }),
  );
  assert.deepEqual((await vouch.parts('a')).parts, [part(1), part(2)]);
  assert.equal(calls[1]?.url, 'https://api.example.com/files/a/parts?after=1');
});
