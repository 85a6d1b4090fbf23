import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Problem, Unreachable } from '../src/index.js';
import { answers, asleep, client, json, problem } from './double.js';

it('every call has a token of its own, and is asked for nowhere else', async () => {
  const { vouch, calls } = answers(json(200, { id: 'a' }), json(202, { id: 'a' }));
  await vouch.get('a');
  await vouch.complete('a');
  assert.deepEqual(
    calls.map(({ url, headers }) => [url, headers['authorization']]),
    [
      ['https://api.example.com/files/a', 'Bearer token1'],
      ['https://api.example.com/files/a/complete', 'Bearer token2'],
    ],
  );
});

it('an id cannot lead to another path', async () => {
  const { vouch, calls } = answers();
  for (const id of ['', '..', '../admin', 'a/b', 'a?b', 'a%2fb']) {
    await assert.rejects(vouch.delete(id), TypeError);
    await assert.rejects(vouch.settled(id), TypeError);
  }
  assert.equal(calls.length, 0);
});

it('a name that could be read in two ways goes in base64url', async () => {
  const { vouch, calls } = client(() => json(200, {}));
  for (const name of ['alice', 'bob?', '..', 'a b', 'zoë']) await vouch.putGrant('a', { name }, { level: 'read' });
  await vouch.deleteGrant('a', { name: 'staff', type: 'group' });
  assert.deepEqual(
    calls.map(({ url }) => url.slice('https://api.example.com/files/a/grants/'.length)),
    [
      'alice',
      'Ym9iPw?encoding=base64url',
      'Li4?encoding=base64url',
      'YSBi?encoding=base64url',
      'em_Dqw?encoding=base64url',
      'staff?type=group',
    ],
  );
});

it('a problem says what the API says', async () => {
  const body = {
    title: 'The file is too large',
    status: 422,
    detail: 'It has 3 bytes.',
    field: 'size',
    accepted: 'at most 2',
  };
  const { vouch } = answers(json(422, { type: 'urn:vouch:problem:file-too-large', ...body }));
  await assert.rejects(vouch.get('a'), (err) => {
    assert.ok(err instanceof Problem && err.is('closed', 'file-too-large'));
    assert.deepEqual([err.message, err.status, err.field, err.accepted], ['It has 3 bytes.', 422, 'size', 'at most 2']);
    return true;
  });
});

it('what the gateway refuses is a problem too, and so is what is no JSON', async () => {
  const { vouch } = answers(json(403, { message: 'Forbidden' }), new Response('<html>', { status: 404 }));
  await assert.rejects(vouch.get('a'), { name: 'Problem', status: 403, message: 'Forbidden', type: 'about:blank' });
  await assert.rejects(vouch.get('a'), { name: 'Problem', status: 404, type: 'about:blank' });
});

it('a busy or absent API is asked again, not sooner than it says, and the last word counts', async (t) => {
  const delays = asleep(t);
  const busy = json(503, {}, { 'Retry-After': '7' });
  const { vouch, calls } = answers(busy, new TypeError('network'), json(200, { id: 'a' }));
  assert.equal((await vouch.get('a')).id, 'a');
  assert.equal(calls.length, 3);
  assert.ok(delays[0]! >= 7000, `it waits ${delays[0]} ms`);
  const down = client(() => new TypeError('network'));
  await assert.rejects(down.vouch.get('a'), Unreachable);
  assert.equal(down.calls.length, 5);
});

it('what is refused for good is asked once', async () => {
  for (const answer of [
    problem(404, 'not-found'),
    problem(409, 'closed'),
    problem(429, 'too-many-uploads', { 'Retry-After': '1' }),
  ]) {
    const { vouch, calls } = answers(answer);
    await assert.rejects(vouch.download('a'), Problem);
    assert.equal(calls.length, 1);
  }
});

it('a token that has run out on the way is asked for once more', async () => {
  const { vouch, calls } = answers(json(401, { message: 'Unauthorized' }), json(200, { id: 'a' }));
  await vouch.get('a');
  assert.deepEqual(
    calls.map(({ headers }) => headers['authorization']),
    ['Bearer token1', 'Bearer token2'],
  );
  const out = client(() => json(401, { message: 'Unauthorized' }));
  await assert.rejects(out.vouch.get('a'), { status: 401 });
  assert.equal(out.calls.length, 2);
});

it('every POST has an Idempotency-Key, one for all of its tries', async (t) => {
  asleep(t);
  const busy = problem(409, 'idempotency-in-progress', { 'Retry-After': '1' });
  const file = { filename: 'a', contentType: 'text/plain', size: 1 };
  const { vouch, calls } = answers(
    new TypeError('network'),
    busy,
    json(201, { id: 'a' }),
    json(201, { id: 'b' }),
    json(200, {}),
    json(202, {}),
    json(200, {}),
  );
  await vouch.createUpload(file);
  await vouch.createUpload(file);
  await vouch.presignParts('a', [1]);
  await vouch.complete('a');
  await vouch.download('a');
  const keys = calls.map(({ headers }) => headers['idempotency-key']);
  for (const key of keys) assert.match(key ?? '', /^"[0-9a-f]{32}"$/);
  assert.deepEqual(keys.slice(0, 3), Array(3).fill(keys[0]));
  assert.equal(new Set(keys).size, 5);
});

it('a call is given up when it is asked to, before it and between its tries', async () => {
  const { vouch, calls } = client(() => json(503, {}, { 'Retry-After': '60' }));
  await assert.rejects(vouch.get('a', { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal(calls.length, 0);
  await assert.rejects(vouch.get('a', { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' });
  assert.equal(calls.length, 1);
});

it('all pages are listed, and none that nobody asks for', async () => {
  const file = (id: string) => ({ id });
  const { vouch, calls } = answers(
    json(200, { files: [file('a'), file('b')], nextCursor: 'c/1' }),
    json(200, { files: [file('c')] }),
  );
  const seen: string[] = [];
  for await (const { id } of vouch.list({ status: 'ready', limit: 2 })) {
    if (id === 'a') assert.equal(calls.length, 1);
    seen.push(id);
  }
  assert.deepEqual(seen, ['a', 'b', 'c']);
  assert.equal(calls[1]?.url, 'https://api.example.com/files?status=ready&limit=2&cursor=c%2F1');
});

it('all pages of the parts are listed', async () => {
  const part = (partNumber: number) => ({ partNumber, size: 5, etag: `e${partNumber}` });
  const { vouch, calls } = answers(
    json(200, { partSize: 5, partCount: 2, parts: [part(1)], nextAfter: 1 }),
    json(200, { partSize: 5, partCount: 2, parts: [part(2)] }),
  );
  assert.deepEqual((await vouch.listParts('a')).parts, [part(1), part(2)]);
  assert.equal(calls[1]?.url, 'https://api.example.com/files/a/parts?after=1');
});

it('the wait asks as often as it is told, names what it knows, and ends with the verdict', async (t) => {
  const delays = asleep(t);
  const { vouch, calls } = answers(
    json(200, { status: 'pending' }, { ETag: '"1"', 'Retry-After': '3' }),
    new Response(null, { status: 304, headers: { 'Retry-After': '1' } }),
    json(200, { status: 'rejected', reason: 'malware-detected' }, { ETag: '"2"' }),
  );
  const seen: string[] = [];
  const file = await vouch.settled('a', { onChange: ({ status }) => seen.push(status) });
  assert.deepEqual(delays, [3000, 1000]);
  assert.deepEqual([file.status, file.reason], ['rejected', 'malware-detected']);
  assert.deepEqual(seen, ['pending', 'rejected']);
  assert.deepEqual(
    calls.map(({ headers }) => headers['if-none-match']),
    [undefined, '"1"', '"1"'],
  );
});

it('the wait ends when it is given up', async () => {
  const { vouch } = answers(json(200, { status: 'pending' }, { 'Retry-After': '60' }));
  const wait = new AbortController();
  const waiting = vouch.settled('a', { signal: wait.signal, onChange: () => setImmediate(() => wait.abort()) });
  await assert.rejects(waiting, { name: 'AbortError' });
});
