import type { Status, Usage, Vouch, VouchFile } from '@vouch/client';
import { announce, button, el, fill, successor } from './dom.js';
import { history } from './history.js';
import { linkTo } from './link.js';
import { preview } from './preview.js';
import { confirmDelete } from './remove.js';
import { keep } from './retention.js';
import { share } from './share.js';
import { previewOf } from './shown.js';
import { bytes, faultOf, statusOf, statuses, time } from './words.js';

/** Has the browser download a ready file. */
async function download(vouch: Vouch, { id }: VouchFile): Promise<void> {
  const { url } = await linkTo(vouch, id);
  el('a', { href: url, rel: 'noreferrer' }).click(); // S3 says that it is an attachment
}

/** A file with what can be done with it. */
export function fileRow(vouch: Vouch, file: VouchFile, gone: () => void): HTMLElement {
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const attempt = (what: () => Promise<void> | void) => async () => {
    wrong.textContent = '';
    try {
      await what();
    } catch (err) {
      wrong.textContent = faultOf(err);
    }
  };
  const { filename, status, size, access = 'owner' } = file;
  const over = status === 'deleted' || status === 'expired';
  const remove = async () => {
    if (!(await confirmDelete(vouch, file))) return;
    announce(`${filename} is deleted`);
    gone();
  };
  const about = [size !== undefined && bytes(size), file.contentType, time(file.createdAt), file.onHold && 'on hold'];
  const canManage = access !== 'read' && !over;
  return el(
    'li',
    { class: 'row', 'data-id': file.id, 'data-state': status },
    el(
      'div',
      {},
      el('p', { class: 'name' }, filename),
      el('p', { class: 'about' }, about.filter(Boolean).join(', ')),
      el('p', { class: 'state' }, statusOf(file)),
      wrong,
    ),
    el(
      'div',
      { class: 'buttons' },
      status === 'ready' && button('Download', filename, attempt(() => download(vouch, file))),
      canManage && status === 'ready' && button('Share', filename, attempt(() => share(vouch, file))),
      canManage && button('Keep until', filename, attempt(() => keep(vouch, file))),
      access === 'owner' && button('History', filename, attempt(() => history(vouch, file))),
      canManage && button('Delete', filename, attempt(remove)),
      previewOf(file) && button('Preview', filename, attempt(() => preview(vouch, file))),
    ),
  );
}

/** How many more files are shown at a time, of those that are loaded. */
const batch = 100;

/** How often what is seen follows what becomes of files, in milliseconds: of a folder that is many. */
const often = 300;

/** One's own files, newest first, as far as they are loaded. */
export class Files {
  readonly element: HTMLElement;
  private readonly list = el('ul', { class: 'rows', 'aria-label': 'Your files' });
  private readonly note = el('p', { class: 'note', role: 'status' });
  private readonly quota = el('div', { class: 'quota' });
  private readonly status: HTMLSelectElement;
  private readonly search: HTMLInputElement;
  private readonly more: HTMLButtonElement;
  private readonly title = el('h2', { id: 'files', tabindex: -1 }, 'Your files');
  private files: VouchFile[] = [];
  private readonly rows = new Map<string, HTMLElement>(); // by all that they show
  private cursor: string | undefined;
  private asked = new AbortController();
  private most = batch;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly vouch: Vouch) {
    const options = Object.entries(statuses).map(([value, text]) => el('option', { value }, text));
    this.status = el('select', { change: () => void this.load() }, el('option', { value: '' }, 'all'), ...options);
    this.search = el('input', { type: 'search', input: () => this.show() });
    this.more = button('More', 'files', () => this.next());
    this.element = el(
      'section',
      { 'aria-labelledby': 'files' },
      this.title,
      this.quota,
      el(
        'div',
        { class: 'filters' },
        el('label', {}, 'Status', this.status),
        el('label', {}, 'Name has', this.search),
        button('Refresh', 'the list', () => void this.load()),
      ),
      this.note,
      this.list,
      this.more,
    );
    void this.load();
  }

  /** Takes note of what became of a file, which the list follows within moments only. */
  seen(file: VouchFile): void {
    const index = this.files.findIndex(({ id }) => id === file.id);
    const wanted = !this.status.value || this.status.value === file.status;
    if (index >= 0 && this.files[index]!.status === file.status) return;
    if (index >= 0) this.files.splice(index, 1, ...(wanted ? [file] : []));
    else if (wanted) this.files.unshift(file);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.show();
      void this.measure();
    }, often);
  }

  /** Shows more of what is loaded, or loads the next page. */
  private next(): void {
    this.most += batch;
    if (this.found().length > this.most - batch) this.show();
    else void this.load(this.cursor);
  }

  /** Loads the first page, or the next. */
  private async load(cursor?: string): Promise<void> {
    this.asked.abort();
    const { signal } = (this.asked = new AbortController());
    this.note.textContent = 'Loading';
    try {
      const status = (this.status.value || undefined) as Status | undefined;
      const page = await this.vouch.page({ status, cursor, signal });
      this.files = cursor === undefined ? page.files : [...this.files, ...page.files];
      this.cursor = page.nextCursor;
      if (cursor === undefined) this.most = batch;
      this.show();
    } catch (err) {
      if (!signal.aborted) this.note.textContent = faultOf(err);
    }
    if (cursor === undefined) await this.measure();
  }

  private found(): VouchFile[] {
    const text = this.search.value.trim().toLocaleLowerCase();
    return this.files.filter(({ filename }) => filename.toLocaleLowerCase().includes(text));
  }

  private show(): void {
    const found = this.found();
    const shown = found.slice(0, this.most);
    const focused = document.activeElement;
    const within = this.list.contains(focused);
    const rows = new Map(shown.map((file) => [JSON.stringify(file), file]));
    for (const known of this.rows.keys()) if (!rows.has(known)) this.rows.delete(known);
    for (const [known, file] of rows) {
      if (!this.rows.has(known)) this.rows.set(known, fileRow(this.vouch, file, () => this.gone(file)));
    }
    fill(this.list, [...rows.keys()].map((known) => this.rows.get(known)!));
    if (within && document.activeElement !== focused) successor(focused!)?.focus(); // the keyboard stays where it was
    this.more.hidden = this.cursor === undefined && shown.length === found.length;
    const count = found.length === 1 ? '1 file' : `${found.length} files`;
    this.note.textContent = this.cursor === undefined ? count : `${count} so far`;
  }

  private gone({ id }: VouchFile): void {
    this.files = this.files.filter((file) => file.id !== id);
    this.show();
    this.title.focus();
    void this.measure();
  }

  private async measure(): Promise<void> {
    try {
      this.quota.replaceChildren(...quotaBar(await this.vouch.usage()));
    } catch (err) {
      this.quota.replaceChildren(el('p', { class: 'wrong' }, faultOf(err)));
    }
  }
}

function quotaBar({ bytes: { used, limit }, files }: Usage): Node[] {
  const count = files.used === 1 ? '1 file' : `${files.used} files`;
  if (limit === undefined) return [el('p', {}, `${bytes(used)} in ${count}`)];
  return [
    el('meter', { max: limit, value: used, high: limit * 0.9, 'aria-label': 'Quota' }),
    el('p', {}, `${bytes(used)} of ${bytes(limit)}, in ${count}`),
  ];
}
