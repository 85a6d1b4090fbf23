import { Problem, type VouchFile } from '@vouch/client';
import { acceptDrops, choosesFolders, picker } from './chooser.js';
import { announce, button, el, fill } from './dom.js';
import { leftText, readEntries, readFolder, type Batch, type Found } from './folders.js';
import { kindOf, summaryOf, type Counts, type Kind } from './kinds.js';
import { newsOf, Row } from './row.js';
import { SignInOver } from './signin.js';
import { Summary } from './summary.js';
import { partSize, Transfer, type Sending, type Surroundings } from './transfer.js';
import { faultOf } from './words.js';

/**
 * How much is sent at once: two files in parts, several of which are on their way each,
 * or six small ones, which spend most of their time waiting for answers.
 */
const room = 6;
const needs = ({ size }: Transfer) => (size > partSize ? 3 : 1);

/** How many uploads have a row at most. */
const mostRows = 100;

/** Which of more are shown: what is going on, then what somebody has to look at. */
const shownFirst: Kind[] = [
  'sending',
  'interrupted',
  'failed',
  'refused',
  'rejected',
  'waiting',
  'paused',
  'checking',
  'done',
];

/** Up to how many uploads each is said aloud; of more, how far they are together. */
const saidAloud = 5;

/** How often what is seen follows what happens, in milliseconds. */
const often = 50;

/** The part of the page that files are dropped on. */
export class Uploads {
  readonly element: HTMLElement;
  private readonly kinds = new Map<Transfer, Kind>();
  private readonly of: Record<Kind, Set<Transfer>>;
  private readonly rows = new Map<Transfer, Row>();
  private readonly said = new Map<Transfer, string>();
  private readonly changed = new Set<Transfer>();
  private readonly list = el('ul', { class: 'rows', 'aria-label': 'Uploads' });
  private readonly note = el('p', { class: 'note' });
  private readonly rest = el('p', { class: 'note' });
  private readonly choose: HTMLButtonElement;
  private readonly summary: Summary;
  private reading = new AbortController();
  private read = 0; // folders that are being read
  private quarter = 0;
  private held = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly around: Surroundings,
    /** Told of a file as it is seen, and of one that is gone. */
    private readonly seen: (file: VouchFile) => void,
  ) {
    this.of = Object.fromEntries(shownFirst.map((kind) => [kind, new Set()])) as never;
    const files = picker({ multiple: true }, (chosen) => this.add(chosen.map((file) => ({ file, folder: '' }))));
    const folder = picker({ multiple: true, folder: true }, (chosen) => void this.take(readFolder(chosen)));
    this.choose = button('Choose files', 'to upload', () => files.click(), 'main');
    const whole = choosesFolders && button('Choose a folder', 'to upload', () => folder.click());
    const zone = el('div', { class: 'zone' }, this.choose, whole, el('span', {}, 'or drop them here'), files, folder);
    this.summary = new Summary({
      pause: () => this.pause([...this.of.sending, ...this.of.waiting]),
      resume: () => [...this.of.paused, ...this.of.failed].forEach((transfer) => transfer.requeue()),
      cancel: () => this.cancel(),
      hide: () => this.remove([...this.of.done, ...this.of.rejected, ...this.of.refused]),
    });
    this.element = el('section', { 'aria-labelledby': 'upload' }, el('h2', { id: 'upload' }, 'Upload'), zone);
    this.element.append(this.note, this.summary.element, this.list, this.rest);
    acceptDrops(zone, (entries) => void this.take(readEntries(entries)));
    addEventListener('beforeunload', (event) => {
      if (this.busy) event.preventDefault();
    });
    for (const { id, name, size, folder = '' } of around.keeper.all()) {
      void this.append({ name, size, folder }).recall(id);
    }
  }

  /** Whether leaving the page would cut something off. */
  get busy(): boolean {
    return this.of.sending.size > 0 || this.of.waiting.size > 0 || this.read > 0;
  }

  /** Adds what is read of folders, as it comes, and says at last what is left out. */
  private async take(batches: AsyncIterable<Batch>): Promise<void> {
    const { signal } = this.reading;
    const left: Batch['left'] = { system: [], empty: [], unreadable: [] };
    let count = 0;
    this.read++;
    try {
      for await (const batch of batches) {
        if (signal.aborted) return;
        for (const why of ['system', 'empty', 'unreadable'] as const) left[why].push(...batch.left[why]);
        count += batch.found.length;
        this.note.textContent = `Reading: ${count} files so far`;
        this.add(batch.found);
      }
      this.note.textContent = leftText(left) || (count ? '' : 'There is no file in it.');
      if (this.note.textContent) announce(this.note.textContent);
    } finally {
      this.read--;
      if (signal.aborted) this.note.textContent = '';
      this.soon();
    }
  }

  private add(found: Found[]): void {
    for (const { file, folder } of found) {
      const known = [...this.of.interrupted].find((transfer) => transfer.fits(file, folder));
      if (known) known.requeue(file);
      else this.append({ name: file.name, size: file.size, folder, source: file }).requeue();
    }
  }

  private append(sending: Sending): Transfer {
    const transfer = new Transfer(this.around, sending, (changed) => this.follow(changed));
    this.kinds.set(transfer, 'paused'); // until it says otherwise, as it does at once
    this.of.paused.add(transfer);
    return transfer;
  }

  /** Takes note of what has changed of an upload. */
  private follow(transfer: Transfer): void {
    if (transfer.file) this.seen(transfer.file);
    const before = this.kinds.get(transfer);
    if (!before) return; // it is not shown any more
    const kind = kindOf(transfer);
    this.changed.add(transfer);
    this.soon();
    if (kind === before) return;
    this.kinds.set(transfer, kind);
    this.of[before].delete(transfer);
    this.of[kind].add(transfer);
    if (concernsAll(transfer.fault)) this.pause([...this.of.waiting]);
    this.next();
  }

  /** Has those begin whose turn it is. */
  private next(): void {
    if (this.held) return;
    for (const transfer of this.of.waiting) {
      const taken = [...this.of.sending].reduce((sum, other) => sum + needs(other), 0);
      if (taken + needs(transfer) > room) return;
      return void transfer.run(); // which tells, and so comes back here
    }
  }

  private pause(transfers: Transfer[]): void {
    if (!transfers.length) return;
    this.held = true; // or those that are not paused yet would begin in the place of those that are
    for (const transfer of transfers) transfer.pause();
    this.held = false;
    this.next();
  }

  private cancel(): void {
    this.reading.abort();
    this.reading = new AbortController();
    const { waiting, sending, paused, interrupted } = this.of;
    const all = [...waiting, ...paused, ...interrupted, ...sending];
    this.remove(all);
    const failed = (transfer: Transfer) => (err: unknown) => announce(`${transfer.path}: ${faultOf(err)}`);
    for (const transfer of all) void transfer.cancel().catch(failed(transfer)); // it expires by itself
    announce(`${all.length} uploads are cancelled`);
  }

  private remove(transfers: Transfer[]): void {
    for (const transfer of transfers) {
      this.of[this.kinds.get(transfer)!].delete(transfer);
      this.kinds.delete(transfer);
      this.said.delete(transfer);
    }
    this.choose.focus();
    this.show();
    this.next();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => this.show(), often);
  }

  private show(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.arrange();
    for (const transfer of this.changed) this.rows.get(transfer)?.show();
    const counts = Object.fromEntries(shownFirst.map((kind) => [kind, this.of[kind].size])) as Counts;
    this.summary.element.hidden = this.kinds.size < 2;
    this.summary.show(counts, this.kinds.keys(), this.read > 0);
    this.say(counts);
    this.changed.clear();
  }

  /** Has the list show the uploads in their order, or of too many those that matter. */
  private arrange(): void {
    const shown = this.shown();
    for (const transfer of this.rows.keys()) if (!shown.has(transfer)) this.rows.delete(transfer);
    for (const transfer of shown) {
      if (!this.rows.has(transfer)) this.rows.set(transfer, new Row(transfer, () => this.remove([transfer])));
    }
    const inOrder = [...this.kinds.keys()].filter((transfer) => shown.has(transfer));
    fill(this.list, inOrder.map((transfer) => this.rows.get(transfer)!.element));
    const more = this.kinds.size > shown.size;
    this.rest.textContent = more ? `${shown.size} of ${this.kinds.size} are shown, as their turn comes.` : '';
  }

  private shown(): Set<Transfer> {
    if (this.kinds.size <= mostRows) return new Set(this.kinds.keys());
    const shown = new Set<Transfer>();
    for (const [transfer, { element }] of this.rows) {
      const kept = element.contains(document.activeElement) && this.kinds.has(transfer);
      if (kept) shown.add(transfer); // or the keyboard would be nowhere
    }
    for (const kind of shownFirst) {
      for (const transfer of this.of[kind]) {
        if (shown.size >= mostRows) return shown;
        shown.add(transfer);
      }
    }
    return shown;
  }

  /** Has screen readers say what is new: of few uploads each, of many how far they are. */
  private say(counts: Counts): void {
    const few = this.kinds.size <= saidAloud;
    const news: string[] = [];
    for (const transfer of this.changed) {
      if (!this.kinds.has(transfer) || transfer.state === 'waiting') continue;
      const said = newsOf(transfer);
      if (said !== this.said.get(transfer)) news.push(`${transfer.path}: ${said}`);
      this.said.set(transfer, said);
    }
    if (few && news.length) announce(news.join('. '));
    const over = this.kinds.size - counts.waiting - counts.sending - counts.paused - counts.interrupted;
    const quarter = Math.floor((4 * over) / Math.max(1, this.kinds.size));
    if (!few && quarter > this.quarter) announce(summaryOf(counts));
    this.quarter = quarter;
  }
}

/** Whether what has stopped one upload stops all others too. */
function concernsAll(fault: unknown): boolean {
  if (fault instanceof Problem) return fault.status === 401 || fault.is('too-many-uploads');
  return fault instanceof SignInOver;
}
