// What every page of the tests has beyond the guide's code: files to send, and
// a record of what Uppy says.
import type { Vouch, VouchFile } from '@vouch-s3/uppy';
import type { UploadOptions } from '@vouch-s3/uppy/v6';

interface AnyUppy {
  addFile(file: { name: string; type: string; data: Blob }): string;
  on(event: string, callback: (...args: any[]) => void): unknown;
}

type Start = (
  api: string,
  token: () => Promise<string>,
  show: (name: string | undefined, file: VouchFile) => void,
  options?: UploadOptions,
) => { uppy: AnyUppy; vouch: Vouch };

export function page(start: Start) {
  const config = JSON.parse(document.getElementById('config')!.textContent!);
  const shown: Record<string, string> = {};
  const { uppy, vouch } = start(
    config.api,
    async () => config.token,
    (name, file) => (shown[name ?? ''] = [file.status, file.reason].filter(Boolean).join(': ')),
    { partSize: 5 << 20, multipartAbove: 8 << 20 },
  );
  const seen = { errors: [] as string[], ids: {} as Record<string, string>, completes: [] as any[] };
  uppy.on('upload-success', (file, response) => (seen.ids[file.name] = response.body.key));
  uppy.on('upload-error', (_, error) => seen.errors.push(error.message));
  uppy.on('complete', (result) =>
    seen.completes.push({ ok: result.successful.map((f: any) => f.name), bad: result.failed.map((f: any) => f.name) }),
  );
  Object.assign(window, {
    uppy,
    vouch,
    seen,
    shown,
    /** Adds a file, or one of so many bytes that are always the same and nowhere repeat, and returns its SHA-256 in base64. */
    async add(name: string, type: string, content: string | number) {
      const data = new Blob([typeof content === 'string' ? content : numbers(content)], { type });
      uppy.addFile({ name, type, data });
      const digest = await crypto.subtle.digest('SHA-256', await data.arrayBuffer());
      return btoa(String.fromCharCode(...new Uint8Array(digest)));
    },
    wait: (id: string) => vouch.wait(id, { signal: AbortSignal.timeout(30_000) }),
  });
}

function numbers(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i + 4 <= size; i += 4) view.setUint32(i, Math.imul(i + 1, 2654435761));
  return bytes;
}
