import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import type { Progress } from '../src/index.js';
import { asleep, client, json, problem, type Call } from './double.js';

const url = (path: string) => `https://s3.example.com${path}`;
const refused = (code: string, message: string, status = 403) =>
  new Response(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`, { status });
const ranOut = () => refused('AccessDenied', 'Request has expired');
const took = (etag: string) => new Response(null, { headers: { ETag: `"${etag}"` } });
const note = new Blob(['A note.\n']);
const options = { filename: 'note.txt', contentType: 'text/plain' };
const digits = new Blob(['0123456789']);

/** An API that has a file sent by one PUT, and S3, both of which do what they should. */
function onePut({ method, url: at, body }: Call, files: string[]): Response | undefined {
  const { pathname } = new URL(at);
  if (method === 'POST' && pathname === '/files') {
    const id = `f${files.push(pathname)}`;
    const { checksumSHA256 } = body as { checksumSHA256: string };
    const headers = { 'content-length': String(note.size), 'x-amz-checksum-sha256': checksumSHA256 };
    return json(201, { id, method: 'put', status: 'pending', upload: { url: url(`/${id}`), headers } });
  }
  if (method === 'PUT') return took('whole');
  if (method === 'DELETE') return new Response(null, { status: 204 });
  if (pathname.endsWith('/complete')) return json(202, { id: pathname.split('/')[2], status: 'uploaded' });
  return undefined;
}

/** An API that has ten digits sent in parts of three bytes, of which S3 holds some. */
function inParts({ method, url: at, body }: Call, held: number[] = []): Response | undefined {
  const { pathname } = new URL(at);
  const size = (n: number) => (n === 4 ? 1 : 3);
  const plan = { partSize: 3, partCount: 4 };
  if (method === 'POST' && pathname === '/files') return json(201, { id: 'p', method: 'multipart', multipart: plan });
  if (method === 'GET' && pathname === '/files/p') {
    return json(200, { id: 'p', method: 'multipart', status: 'pending', size: 10, filename: 'note.txt' });
  }
  if (method === 'GET') {
    return json(200, { ...plan, parts: held.map((n) => ({ partNumber: n, size: size(n), etag: `e${n}` })) });
  }
  if (pathname.endsWith('/parts')) {
    const { partNumbers } = body as { partNumbers: number[] };
    return json(200, {
      parts: partNumbers.map((n) => ({ partNumber: n, size: size(n), url: url(`/p/${n}`), headers: {} })),
    });
  }
  if (method === 'PUT') return took(`e${pathname.split('/')[2]}`);
  if (pathname.endsWith('/complete')) return json(202, { id: 'p', status: 'uploaded' });
  return undefined;
}

const sum = (text: string) => createHash('sha256').update(text).digest('base64');
const sent = (calls: Call[]) =>
  calls.filter(({ method }) => method === 'PUT').map(({ url: at }) => new URL(at).pathname);

it('a small file is promised by its SHA-256, and its progress has its id before a byte is sent', async () => {
  const files: string[] = [];
  const { vouch, calls, to } = client((call) => onePut(call, files));
  const told: Progress[] = [];
  const file = await vouch.upload(note, { ...options, onProgress: (progress) => told.push(progress) });
  assert.deepEqual([file.id, file.status], ['f1', 'uploaded']);
  assert.deepEqual(to('POST', '/files')[0]?.body, { ...options, size: 8, checksumSHA256: sum('A note.\n') });
  assert.equal(to('PUT', '/f1')[0]?.body, 'A note.\n');
  assert.deepEqual(Object.keys(to('PUT', '/f1')[0]!.headers), ['x-amz-checksum-sha256']); // no token goes to S3
  assert.equal(calls.length, 3);
  assert.deepEqual(told[0], { phase: 'sending', id: 'f1', done: 0, total: 8 });
  assert.deepEqual(told.at(-1), { phase: 'completing', id: 'f1', done: 8, total: 8 });
});

it('a PUT that S3 is too busy for is sent again', async (t) => {
  const delays = asleep(t);
  const files: string[] = [];
  let first = true;
  const { vouch, calls } = client((call) => {
    if (call.method !== 'PUT' || !first) return onePut(call, files);
    first = false;
    return new Response('<Error><Code>SlowDown</Code></Error>', { status: 503, headers: { 'Retry-After': '4' } });
  });
  await vouch.upload(note, options);
  assert.deepEqual(sent(calls), ['/f1', '/f1']);
  assert.ok(delays[0]! >= 4000, `it waits ${delays[0]} ms`);
});

it('a PUT whose answer is lost is found to have arrived', async (t) => {
  asleep(t);
  const files: string[] = [];
  const puts = [new TypeError('network'), refused('PreconditionFailed', '', 412)];
  const { vouch } = client((call) => (call.method === 'PUT' ? puts.shift() : onePut(call, files)));
  assert.equal((await vouch.upload(note, options)).id, 'f1');
});

it('a PUT whose URL has run out is a new file, and the old one is deleted', async () => {
  const files: string[] = [];
  const { vouch, to } = client((call) => (call.url === url('/f1') ? ranOut() : onePut(call, files)));
  assert.equal((await vouch.upload(note, options)).id, 'f2');
  assert.equal(to('DELETE', '/files/f1').length, 1);
});

it('a URL that is always out is not asked for without end', async () => {
  const files: string[] = [];
  const { vouch, to } = client((call) => (call.method === 'PUT' ? ranOut() : onePut(call, files)));
  await assert.rejects(vouch.upload(note, options), { name: 'StorageError', code: 'AccessDenied' });
  assert.equal(to('POST', '/files').length, 3);
  assert.equal(to('DELETE', '/files/f3').length, 1);
});

it('what S3 refuses says nothing of the URL', async () => {
  const files: string[] = [];
  const answer = () => refused('SignatureDoesNotMatch', 'No.</Message><StringToSign>secret</StringToSign>');
  const { vouch } = client((call) => (call.method === 'PUT' ? answer() : onePut(call, files)));
  await assert.rejects(vouch.upload(note, options), (err: Error) => {
    assert.equal(err.message, 'S3 answers 403 SignatureDoesNotMatch: No.');
    assert.doesNotMatch(JSON.stringify(err) + err.stack, /secret|s3\.example/);
    return true;
  });
});

it('all parts are sent, the URLs asked for in one call, and completed by their ETags and the SHA-256', async () => {
  const { vouch, calls, to } = client((call) => inParts(call));
  await vouch.upload(digits, options);
  assert.deepEqual(
    to('POST', '/files/p/parts').map(({ body }) => body),
    [{ partNumbers: [1, 2, 3, 4] }],
  );
  assert.deepEqual(sent(calls).sort(), ['/p/1', '/p/2', '/p/3', '/p/4']);
  assert.deepEqual(to('PUT', '/p/4')[0]?.body, '9');
  assert.deepEqual(to('POST', '/files/p/complete')[0]?.body, {
    parts: [1, 2, 3, 4].map((n) => ({ partNumber: n, etag: `"e${n}"` })),
    checksumSHA256: sum('0123456789'),
  });
});

it('a resume sends only what S3 does not hold', async () => {
  const { vouch, calls, to } = client((call) => inParts(call, [1, 3]));
  const told: number[] = [];
  await vouch.upload(digits, { ...options, resume: 'p', onProgress: ({ done }) => told.push(done) });
  assert.deepEqual(sent(calls).sort(), ['/p/2', '/p/4']);
  assert.equal(to('POST', '/files').length, 0);
  assert.equal(told.at(-1), 10);
});

it('a resume of what is gone, or of another file, begins anew', async () => {
  const gone = () => problem(404, 'not-found');
  const other = () => json(200, { id: 'p', method: 'multipart', status: 'pending', size: 11, filename: 'note.txt' });
  const expired = () => json(200, { id: 'p', method: 'multipart', status: 'expired', size: 10, filename: 'note.txt' });
  for (const answer of [gone, other, expired]) {
    const { vouch, calls, to } = client((call) => (call.url.endsWith('/files/old') ? answer() : inParts(call)));
    await vouch.upload(digits, { ...options, resume: 'old' });
    assert.equal(to('POST', '/files').length, 1);
    assert.equal(sent(calls).length, 4);
  }
});

it('a resume of what is all there sends nothing', async () => {
  const ready = { id: 'p', method: 'multipart', status: 'ready', size: 10, filename: 'note.txt' };
  const { vouch, calls } = client(() => json(200, ready));
  assert.equal((await vouch.upload(digits, { ...options, resume: 'p' })).status, 'ready');
  assert.equal(calls.length, 1);
});

it('a part whose URL has run out is sent to a new one, and no other part with it', async () => {
  let old = true;
  const { vouch, calls, to } = client((call) => {
    if (call.url !== url('/p/2') || !old) return inParts(call);
    old = false;
    return ranOut();
  });
  await vouch.upload(digits, options);
  assert.deepEqual(
    to('POST', '/files/p/parts').map(({ body }) => body),
    [{ partNumbers: [1, 2, 3, 4] }, { partNumbers: [2] }],
  );
  assert.deepEqual(sent(calls).sort(), ['/p/1', '/p/2', '/p/2', '/p/3', '/p/4']);
});

it('a part that has no answer is sent again, to another URL', async (t) => {
  asleep(t);
  let cut = true;
  const { vouch, to } = client((call) => {
    if (call.url !== url('/p/3') || !cut) return inParts(call);
    cut = false;
    return new TypeError('network');
  });
  await vouch.upload(digits, options);
  assert.equal(to('PUT', '/p/3').length, 2);
  assert.equal(to('POST', '/files/p/parts').length, 2);
});

it('a policy that gives out one URL at a time is asked for one at a time', async () => {
  const { vouch, calls } = client((call) => {
    const { partNumbers } = (call.body ?? {}) as { partNumbers?: number[] };
    return partNumbers && partNumbers.length > 1 ? problem(422, 'invalid-parts') : inParts(call);
  });
  await vouch.upload(digits, options);
  assert.equal(sent(calls).length, 4);
});

it('a part that fails for good ends the others, and the id is known for a resume', async () => {
  let id: string | undefined;
  const { vouch, to } = client((call) =>
    call.url === url('/p/1') ? refused('AccessDenied', 'No', 403) : inParts(call),
  );
  const uploading = vouch.upload(digits, { ...options, onProgress: (progress) => (id = progress.id) });
  await assert.rejects(uploading, { name: 'StorageError', code: 'AccessDenied' });
  assert.equal(id, 'p');
  assert.equal(to('POST', '/files/p/complete').length, 0);
});

it('an API that is down is asked as often as once, not for every try of a part', async (t) => {
  asleep(t);
  const { vouch, to } = client((call) => (call.url.endsWith('/parts') ? json(503, {}) : inParts(call)));
  await assert.rejects(vouch.upload(digits, options), { name: 'Problem', status: 503 });
  assert.equal(to('POST', '/files/p/parts').length, 5);
});

it('a file that cannot be cut as the API says is not sent', async () => {
  const { vouch, calls } = client((call) => inParts(call));
  await assert.rejects(vouch.upload(new Blob(['01234567890123']), options), /cannot be sent in 4 parts/);
  assert.deepEqual(sent(calls), []);
});

it('parts that are still being put together are said to be complete again', async (t) => {
  asleep(t);
  let early = true;
  const { vouch, to } = client((call) => {
    if (!call.url.endsWith('/complete') || !early) return inParts(call);
    early = false;
    return problem(409, 'not-uploaded');
  });
  await vouch.upload(digits, options);
  assert.equal(to('POST', '/files/p/complete').length, 2);
});

it('who gives up while the upload is asked for leaves no file', async () => {
  const files: string[] = [];
  const stop = new AbortController();
  let deleted = () => {};
  const gone = new Promise<void>((resolve) => (deleted = resolve));
  const { vouch, calls } = client(async (call) => {
    if (call.method === 'POST') stop.abort();
    if (call.method === 'DELETE') deleted();
    return onePut(call, files);
  });
  await assert.rejects(vouch.upload(note, { ...options, signal: stop.signal }), { name: 'AbortError' });
  await gone;
  assert.deepEqual(
    calls.map(({ method, url: at }) => `${method} ${new URL(at).pathname}`),
    ['POST /files', 'DELETE /files/f1'],
  );
});

it('who gives up while parts are sent has nothing more sent', async () => {
  const stop = new AbortController();
  const { vouch, calls, to } = client((call) => {
    if (call.method === 'PUT') stop.abort();
    return inParts(call);
  });
  await assert.rejects(vouch.upload(digits, { ...options, signal: stop.signal }), { name: 'AbortError' });
  const count = calls.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(calls.length, count);
  assert.equal(to('POST', '/files/p/complete').length, 0);
});
