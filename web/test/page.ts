// What every page of the tests has beyond the guide's code: files to send, and
// a record of what Uppy says.
import type { UploadOptions } from '@vouch-s3/uppy/v6';
import type { Vouch } from '@vouch-s3/uppy';

interface AnyUppy {
  addFile(file: { name: string; type: string; data: Blob }): string;
  on(event: string, callback: (...args: any[]) => void): unknown;
}

export function page(
  start: (api: string, token: () => Promise<string>, options?: UploadOptions) => { uppy: AnyUppy; vouch: Vouch },
) {
  const config = JSON.parse(document.getElementById('config')!.textContent!);
  const { uppy, vouch } = start(config.api, async () => config.token, { partSize: 5 << 20 });
  const seen = { errors: [] as string[], ids: {} as Record<string, string>, parts: 0, completes: [] as any[] };
  uppy.on('upload-success', (file, response) => (seen.ids[file.name] = response.body.key));
  uppy.on('upload-error', (_, error) => seen.errors.push(error.message));
  uppy.on('s3-multipart:part-uploaded', () => seen.parts++);
  uppy.on('complete', (result) =>
    seen.completes.push({ ok: result.successful.map((f: any) => f.name), bad: result.failed.map((f: any) => f.name) }),
  );
  const changes: string[] = [];
  Object.assign(window, {
    uppy,
    vouch,
    seen,
    changes,
    /** Adds a file of bytes that differ from one MiB to the next, and returns its SHA-256 in base64. */
    async add(name: string, type: string, content: string | number) {
      let data = new Blob([content as string]);
      if (typeof content === 'number') {
        const bytes = new Uint8Array(content);
        for (let i = 0; i < bytes.length; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
        data = new Blob([bytes]);
      }
      uppy.addFile({ name, type, data });
      const digest = await crypto.subtle.digest('SHA-256', await data.arrayBuffer());
      return btoa(String.fromCharCode(...new Uint8Array(digest)));
    },
    wait: (id: string) =>
      vouch.wait(id, { onChange: (file) => changes.push(file.status), signal: AbortSignal.timeout(30_000) }),
  });
}
