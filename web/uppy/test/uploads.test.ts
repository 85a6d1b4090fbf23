import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Uploads, type File, type Uppy } from '../src/uploads.js';
import { Vouch, type NewFile } from '../src/vouch.js';
import { vouchS3 } from '../src/v6.js';

const MiB = 1024 * 1024;

/** Uppy, as far as it is used, with one file; and an API that answers as told. */
function setting(file: Partial<File>, answer: (call: string, body: any) => [status: number, body?: unknown]) {
  const files = new Map<string, File>();
  const only: File = { id: 'f', name: 'a.bin', size: 20 * MiB, meta: {}, progress: {}, ...file };
  files.set('f', only);
  const handlers: Record<string, ((...args: any[]) => void)[]> = {};
  const retried: string[] = [];
  const uploaders: ((ids: string[]) => Promise<unknown>)[] = [];
  const uppy: Uppy = {
    getFile: (id) => files.get(id),
    setFileState: (id, state) => files.set(id, { ...files.get(id)!, ...state }),
    retryUpload: async (id) => retried.push(id),
    addUploader: (uploader) => uploaders.push(uploader),
    log: (err) => assert.fail(String(err)),
    on: (event: string, handler: (...args: any[]) => void) => (handlers[event] ??= []).push(handler),
  };
  const calls: string[] = [];
  const vouch = new Vouch({
    api: 'https://api',
    token: () => 't',
    fetch: async (url, init) => {
      const call = `${init?.method} ${String(url).slice('https://api'.length)}`;
      calls.push(call);
      const [status, body] = answer(call, init?.body && JSON.parse(String(init.body)));
      return new Response(body === undefined ? null : JSON.stringify(body), { status });
    },
  });
  const emit = (event: string, ...args: unknown[]) => handlers[event]?.forEach((handler) => handler(...args));
  /** As Uppy fails a file: with an error, or with one that has these members. */
  const fail = (error: object) => {
    files.set('f', { ...files.get('f')!, error: 'failed' });
    emit('upload-error', files.get('f'), error instanceof Error ? error : Object.assign(new Error('failed'), error));
  };
  return { uppy, vouch, files, calls, emit, fail, retried, mend: () => uploaders[0]!(['f']) };
}

const problem = (name: string, fileStatus?: string): [number, unknown] => [
  409,
  { type: `urn:vouch:problem:${name}`, title: name, status: 409, fileStatus },
];

it('parts are of the size that was asked for, and of whole MiB beyond 10,000 parts', () => {
  const { uppy, vouch } = setting({}, () => [500]);
  const uploads = new Uploads(uppy, vouch, { plugin: 6, partSize: 5 * MiB });
  assert.equal(uploads.partSize({ size: 50_000 * MiB }), 5 * MiB);
  assert.equal(uploads.partSize({ size: 50_000 * MiB + 1 }), 6 * MiB);
  assert.equal(new Uploads(uppy, vouch, { plugin: 6, partSize: 1 }).partSize({ size: 1 }), 5 * MiB);
});

it('the API is told the part size that Uppy is told', async () => {
  let asked: NewFile | undefined;
  const { uppy, vouch } = setting({}, (_, body) => ((asked = body), [201, { id: 'a', multipart: {} }]));
  const options = vouchS3(uppy, vouch, { partSize: 7 * MiB });
  await options.signRequest({ method: 'POST', key: 'f' });
  assert.deepEqual([asked?.method, asked?.partSize], ['multipart', options.getChunkSize({ size: 20 * MiB })]);
});

it('headers that scripts may not set are left to the browser', async () => {
  const headers = { 'Content-Length': '5', Host: 's3', 'x-amz-checksum-sha256': 'x' };
  const { uppy, vouch } = setting({}, () => [200, { parts: [{ url: 'https://s3', headers }] }]);
  const { signRequest } = vouchS3(uppy, vouch);
  const signed = await signRequest({ method: 'PUT', key: 'a', uploadId: 'a', partNumber: 1 });
  assert.deepEqual(signed.headers, { 'x-amz-checksum-sha256': 'x' });
});

it('an upload is asked for once, however often Uppy asks', async () => {
  const { uppy, vouch, calls } = setting({}, () => [201, { id: 'a', multipart: {} }]);
  const uploads = new Uploads(uppy, vouch, { plugin: 6 });
  assert.deepEqual(await Promise.all([uploads.begin('f'), uploads.begin('f')]), ['a', 'a']);
  assert.equal(await uploads.begin('f'), 'a');
  assert.deepEqual(calls, ['POST /files']);
});

it('a file that was put together already needs no part sent again', async () => {
  let completion: unknown = 'none';
  const { uppy, vouch } = setting({ s3Multipart: { uploadId: 'a' } }, (call, body) => {
    if (call === 'GET /files/a/parts') return problem('closed', 'verifying');
    completion = body;
    return [202, { id: 'a', status: 'verifying' }];
  });
  const uploads = new Uploads(uppy, vouch, { plugin: 6, partSize: 5 * MiB });
  const held = await uploads.held('a', 20 * MiB);
  assert.equal(held.length, 4);
  await uploads.complete('a', held);
  assert.equal(completion, undefined);
});

it('an upload that was begun with parts of another size begins anew, unasked', async () => {
  const { uppy, vouch, files, calls, fail, retried, mend } = setting({ s3Multipart: { uploadId: 'a' } }, (call) =>
    call.startsWith('GET') ? [200, { partSize: 6 * MiB, parts: [] }] : [204],
  );
  const uploads = new Uploads(uppy, vouch, { plugin: 6, partSize: 5 * MiB });
  await Promise.resolve();
  fail(await uploads.held('a', 20 * MiB).catch((err) => err));
  assert.deepEqual(calls, ['GET /files/a/parts', 'DELETE /files/a']);
  assert.equal(files.get('f')?.s3Multipart, undefined);
  await mend();
  assert.deepEqual(retried, ['f']);
});

it('a deleted upload does not come back by itself, and the next try begins anew', async () => {
  const { uppy, vouch, files, fail, retried, mend } = setting({ s3Multipart: { uploadId: 'a' } }, () =>
    problem('closed', 'deleted'),
  );
  const uploads = new Uploads(uppy, vouch, { plugin: 6 });
  await Promise.resolve();
  fail(await uploads.held('a', 20 * MiB).catch((err) => err));
  await mend();
  assert.deepEqual(retried, []);
  assert.equal(files.get('f')?.s3Multipart, undefined);
});

it('a URL is renewed three times at most without a part between', async () => {
  const { uppy, vouch, emit, fail, retried, mend } = setting({}, () => [500]);
  new Uploads(uppy, vouch, { plugin: 6 });
  await Promise.resolve();
  for (let i = 0; i < 5; i++) {
    fail({ status: 403 });
    await mend();
  }
  assert.equal(retried.length, 3);
  emit('s3-multipart:part-uploaded', { id: 'f' });
  fail({ status: 400, body: '<Error><Code>ExpiredToken</Code></Error>' });
  await mend();
  assert.equal(retried.length, 4);
});

it('what S3 refuses for another reason is left to the user', async () => {
  const { uppy, vouch, fail, retried, mend } = setting({}, () => [500]);
  new Uploads(uppy, vouch, { plugin: 6 });
  await Promise.resolve();
  fail({ status: 400, body: '<Error><Code>BadDigest</Code></Error>' });
  await mend();
  assert.deepEqual(retried, []);
});

it('a file that was sent stays when it is taken out of the page', async () => {
  const { uppy, vouch, emit, calls } = setting({}, () => [204]);
  new Uploads(uppy, vouch, { plugin: 6 });
  emit('file-removed', { id: 'f', meta: {}, vouch: { id: 'a', method: 'put' }, progress: { uploadComplete: true } });
  emit('file-removed', { id: 'f', meta: {}, vouch: { id: 'b', method: 'put' }, progress: {} });
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(calls, ['DELETE /files/b']);
});
