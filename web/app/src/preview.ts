import { StorageError, type Link, type Vouch, type VouchFile } from '@vouch/client';
import { open } from './dialog.js';
import { button, el } from './dom.js';
import { linkTo } from './link.js';
import { decoded, previewOf } from './shown.js';
import { bytes, faultOf } from './words.js';

/** How much of a text is fetched, in bytes. */
const textLength = 64 << 10;

/** Shows a file, from a URL to its verified bytes: a download like any other. */
export function preview(vouch: Vouch, file: VouchFile): void {
  const { filename } = file;
  const as = previewOf(file);
  const note = el('p', { class: 'note', role: 'status' }, 'Loading');
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const closed = new AbortController();
  const close = button('Close', 'the preview', () => dialog.close());
  const show = {
    note: (text: string) => {
      note.textContent = text;
      wrong.textContent = '';
    },
    fault: (err: unknown) => {
      if (closed.signal.aborted) return;
      note.textContent = '';
      wrong.textContent = faultOf(err);
    },
  };
  let content: HTMLElement;
  if (as === 'image') content = loaded(el('img', { alt: `Preview of ${filename}` }), vouch, file, closed.signal, show);
  else if (as === 'text') content = text(vouch, file, closed.signal, show);
  else content = loaded(el(as!, { controls: true, 'aria-label': filename }), vouch, file, closed.signal, show);
  const dialog = open(filename, content, note, wrong, close);
  dialog.classList.add('preview');
  dialog.addEventListener('close', () => closed.abort());
}

interface Show {
  note(text: string): void;
  fault(err: unknown): void;
}

/** Has an element load the file. A URL that has run out, as in the middle of a film, is asked for again. */
function loaded<E extends HTMLImageElement | HTMLAudioElement | HTMLVideoElement>(
  element: E,
  vouch: Vouch,
  { id }: VouchFile,
  signal: AbortSignal,
  show: Show,
): E {
  let link: Link | undefined;
  let spare = 1; // an element does not say why it has failed, and clocks differ: one more try
  const load = async () => {
    if (link && Date.parse(link.expiresAt) > Date.now() && spare-- <= 0) {
      return show.fault(new Error('It cannot be shown here. It can be downloaded.'));
    }
    try {
      link = await linkTo(vouch, id, signal);
      const at = 'currentTime' in element ? element.currentTime : 0;
      const plays = 'paused' in element && !element.paused;
      element.src = link.url;
      if (at) (element as HTMLMediaElement).currentTime = at;
      if (plays) await (element as HTMLMediaElement).play();
    } catch (err) {
      show.fault(err);
    }
  };
  for (const event of ['load', 'loadedmetadata']) element.addEventListener(event, () => show.note(''));
  element.addEventListener('error', () => !signal.aborted && void load());
  signal.addEventListener('abort', () => {
    element.removeAttribute('src');
    if ('load' in element) element.load(); // ends what is on its way
  });
  void load();
  return element;
}

/** The beginning of a text, as text. */
function text(vouch: Vouch, file: VouchFile, signal: AbortSignal, show: Show): HTMLElement {
  const { id, filename, size = 0 } = file;
  const element = el('pre', { tabindex: 0, role: 'region', 'aria-label': `Text of ${filename}`, dir: 'auto' });
  const read = async () => {
    try {
      const start = await beginning((await linkTo(vouch, id, signal)).url, signal).catch(async (err) => {
        if (!(err instanceof StorageError)) throw err;
        return beginning((await linkTo(vouch, id, signal)).url, signal); // the URL may have run out
      });
      element.textContent = decoded(start, start.length >= size);
      show.note(start.length < size ? `The first ${bytes(start.length)} of ${bytes(size)}` : '');
    } catch (err) {
      show.fault(err);
    }
  };
  void read();
  return element;
}

/** Fetches the first bytes, and no more even of who sends all. */
async function beginning(url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, {
    headers: { Range: `bytes=0-${textLength - 1}` },
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal,
  });
  if (!response.ok) throw new StorageError(response.status, await response.text());
  const start = new Uint8Array(textLength);
  let length = 0;
  const reader = response.body!.getReader();
  for (let chunk; length < textLength && !(chunk = await reader.read()).done;) {
    const taken = chunk.value.subarray(0, textLength - length);
    start.set(taken, length);
    length += taken.length;
  }
  await reader.cancel();
  return start.subarray(0, length);
}
