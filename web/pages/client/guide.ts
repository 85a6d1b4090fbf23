import type { Vouch, VouchFile } from '@vouch/client';

/** Sends a file that a user has chosen, or what is missing of it, and returns it when it is verified or rejected. */
export async function send(
  vouch: Vouch,
  file: File,
  show: (text: string) => void,
  signal?: AbortSignal,
): Promise<VouchFile> {
  const key = `upload ${file.name} ${file.size} ${file.lastModified}`;
  const { id } = await vouch.upload(file, {
    filename: file.name,
    contentType: file.type || 'application/octet-stream',
    signal,
    resume: localStorage.getItem(key) ?? undefined,
    onProgress({ phase, id, done, total }) {
      if (id) localStorage.setItem(key, id);
      show(`${phase}, ${Math.round((100 * done) / total)} %`);
    },
  });
  localStorage.removeItem(key);
  return vouch.settled(id, { signal, onChange: ({ status, reason }) => show(reason ?? status) });
}
