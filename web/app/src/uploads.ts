import type { Vouch, VouchFile } from '@vouch/client';
import { announce, button, el } from './dom.js';
import type { Keeper } from './kept.js';
import { Transfer } from './transfer.js';
import { bytes, duration, faultOf, statusOf } from './words.js';

/** How many files are sent at once; each of them has several parts on the way. */
const atOnce = 2;

/** The part of the page that files are dropped on, with a row for each. */
export class Uploads {
  readonly element: HTMLElement;
  private readonly rows: Row[] = [];
  private readonly list = el('ul', { class: 'rows', 'aria-label': 'Uploads' });
  private readonly choose: HTMLButtonElement;

  constructor(
    private readonly vouch: Vouch,
    private readonly keeper: Keeper,
    /** Told of a file as it is seen, and of one that is gone. */
    private readonly seen: (file: VouchFile) => void,
  ) {
    const input = picker(true, (files) => this.add(files));
    this.choose = button('Choose files', 'to upload', () => input.click(), 'main');
    const zone = el('div', { class: 'zone' }, this.choose, el('span', {}, 'or drop them here'), input);
    this.element = el(
      'section',
      { 'aria-labelledby': 'upload' },
      el('h2', { id: 'upload' }, 'Upload'),
      zone,
      this.list,
    );
    acceptDrops(zone, (files) => this.add(files));
    addEventListener('beforeunload', (event) => {
      if (this.busy) event.preventDefault();
    });
    for (const { id, name, size } of keeper.all()) void this.append(name, size).recall(id);
  }

  /** Whether leaving the page would cut something off. */
  get busy(): boolean {
    return this.rows.some(({ transfer: { state } }) => state === 'sending' || state === 'waiting');
  }

  private add(files: File[]): void {
    for (const file of files) {
      const known = this.rows.find(({ transfer }) => transfer.fits(file));
      if (known) known.transfer.requeue(file);
      else this.append(file.name, file.size, file);
    }
    this.next();
  }

  private append(name: string, size: number, source?: File): Transfer {
    const transfer = new Transfer(this.vouch, this.keeper, name, size, source, () => {
      row.show();
      if (transfer.file) this.seen(transfer.file);
      this.next();
    });
    const row = new Row(transfer, () => {
      this.rows.splice(this.rows.indexOf(row), 1);
      row.element.remove();
      this.choose.focus();
      this.next();
    });
    this.rows.push(row);
    this.list.append(row.element);
    row.show();
    return transfer;
  }

  private next(): void {
    const transfers = this.rows.map(({ transfer }) => transfer);
    let free = atOnce - transfers.filter(({ state }) => state === 'sending').length;
    for (const transfer of transfers) {
      if (transfer.state === 'waiting' && free-- > 0) return void transfer.run(); // which tells, and so comes back here
    }
  }
}

/** One upload, as it is seen. Its elements stay, so that the keyboard stays where it is. */
class Row {
  readonly element: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly text = el('p', { class: 'state' });
  private readonly main: HTMLButtonElement;
  private readonly end: HTMLButtonElement;
  private said = '';

  constructor(
    readonly transfer: Transfer,
    private readonly remove: () => void,
  ) {
    const { name, size } = transfer;
    this.bar = el('progress', { max: Math.max(1, size), value: 0, 'aria-label': `Progress of ${name}` });
    const input = picker(false, ([file]) => file && this.chosen(file));
    this.main = button('', '', () => this.act(input));
    this.end = button('', '', () => void this.giveUp());
    const title = el('p', { class: 'name' }, name, el('span', { class: 'size' }, ` ${bytes(size)}`));
    const buttons = el('div', { class: 'buttons' }, this.main, this.end, input);
    this.element = el('li', { class: 'row' }, el('div', {}, title, this.bar, this.text), buttons);
  }

  show(): void {
    const { state, name, done, file, fault } = this.transfer;
    const text = this.describe();
    this.text.textContent = text;
    this.bar.value = done;
    this.bar.hidden = state === 'ended' || state === 'checking' || state === 'failed';
    this.element.dataset.state = state === 'ended' && file ? file.status : state;
    const acts = { sending: 'Pause', paused: 'Resume', failed: 'Try again', interrupted: 'Choose it again' } as const;
    const act = state in acts ? acts[state as keyof typeof acts] : undefined;
    this.label(this.end, state === 'ended' || state === 'checking' ? 'Hide' : 'Cancel');
    if (act) this.label(this.main, act);
    if (!act && document.activeElement === this.main) this.end.focus();
    this.main.hidden = !act;
    const news = fault || file ? text : state;
    if (news !== this.said && state !== 'waiting') announce(`${name}: ${fault || file ? text : spoken[state]}`);
    this.said = news;
  }

  private describe(): string {
    const { state, phase, done, size, file, fault, meter } = this.transfer;
    const percent = `${size ? Math.floor((100 * done) / size) : 100} %`;
    switch (state) {
      case 'sending': {
        if (phase === 'hashing') return `Reading, ${percent}`;
        if (phase === 'completing') return 'Putting it together';
        const { rate } = meter;
        if (!rate) return `Sending, ${percent}`;
        return `Sending, ${percent}, ${bytes(rate)}/s, ${duration((size - done) / rate)} left`;
      }
      case 'failed':
        return faultOf(fault);
      case 'checking':
      case 'ended':
        return file ? sentence(statusOf(file)) : spoken[state];
      case 'interrupted':
        return 'Interrupted. Choose the same file again to go on where it stopped.';
      default:
        return spoken[state];
    }
  }

  private act(input: HTMLInputElement): void {
    const { transfer } = this;
    if (transfer.state === 'sending') transfer.pause();
    else if (transfer.state === 'interrupted') input.click();
    else transfer.requeue();
  }

  private chosen(file: File): void {
    if (this.transfer.fits(file)) return this.transfer.requeue(file);
    this.text.textContent = `That is another file. Please choose ${this.transfer.name} of ${bytes(this.transfer.size)}.`;
    announce(this.text.textContent);
  }

  private async giveUp(): Promise<void> {
    const { transfer } = this;
    const over = transfer.state === 'ended' || transfer.state === 'checking';
    this.remove();
    if (over) return;
    await transfer.cancel().catch((err) => announce(`${transfer.name}: ${faultOf(err)}`)); // it expires by itself
  }

  private label(target: HTMLButtonElement, text: string): void {
    if (target.firstChild?.textContent === text) return;
    target.replaceChildren(text, el('span', { class: 'unseen' }, ` ${this.transfer.name}`));
  }
}

const spoken = {
  waiting: 'Waiting for its turn',
  sending: 'Sending',
  paused: 'Paused',
  interrupted: 'Interrupted',
  failed: 'Failed',
  checking: 'Arrived',
  ended: 'Cancelled',
};

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A file input that a button opens. */
function picker(multiple: boolean, chosen: (files: File[]) => void): HTMLInputElement {
  const change = () => {
    const files = [...(input.files ?? [])];
    input.value = ''; // the same file can be chosen again
    chosen(files);
  };
  const input = el('input', { type: 'file', multiple, hidden: true, change });
  return input;
}

/** Takes files that are dropped; what misses the zone must not replace the page. */
function acceptDrops(zone: HTMLElement, dropped: (files: File[]) => void): void {
  const over = (on: boolean) => zone.classList.toggle('over', on);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    over(zone.contains(event.target as Node));
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    over(false);
    if (zone.contains(event.target as Node)) dropped([...(event.dataTransfer?.files ?? [])]);
  });
}
