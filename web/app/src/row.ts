import { picker } from './chooser.js';
import { announce, button, el } from './dom.js';
import type { Transfer } from './transfer.js';
import { bytes, duration, faultOf, statusOf } from './words.js';

/** One upload, as it is seen. Its elements stay, so that the keyboard stays where it is. */
export class Row {
  readonly element: HTMLElement;
  private readonly bar: HTMLProgressElement;
  private readonly text = el('p', { class: 'state' });
  private readonly main: HTMLButtonElement;
  private readonly end: HTMLButtonElement;

  constructor(
    private readonly transfer: Transfer,
    private readonly remove: () => void,
  ) {
    const { name, folder, path, size } = transfer;
    this.bar = el('progress', { max: Math.max(1, size), value: 0, 'aria-label': `Progress of ${path}` });
    const input = picker({}, ([file]) => file && this.chosen(file));
    this.main = button('', '', () => this.act(input));
    this.end = button('', '', () => void this.giveUp());
    const where = folder && el('span', { class: 'folder' }, folder);
    const title = el('p', { class: 'name' }, where, name, el('span', { class: 'size' }, ` ${bytes(size)}`));
    const buttons = el('div', { class: 'buttons' }, this.main, this.end, input);
    this.element = el('li', { class: 'row' }, el('div', {}, title, this.bar, this.text), buttons);
    this.show();
  }

  show(): void {
    const { state, done, file } = this.transfer;
    this.text.textContent = described(this.transfer);
    this.bar.value = done;
    this.bar.hidden = state === 'ended' || state === 'checking' || state === 'failed';
    this.element.dataset.state = state === 'ended' && file ? file.status : state;
    const acts = { sending: 'Pause', paused: 'Resume', failed: 'Try again', interrupted: 'Choose it again' } as const;
    const act = state in acts ? acts[state as keyof typeof acts] : undefined;
    this.label(this.end, state === 'ended' || state === 'checking' ? 'Hide' : 'Cancel');
    if (act) this.label(this.main, act);
    if (!act && document.activeElement === this.main) this.end.focus();
    this.main.hidden = !act;
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
    await transfer.cancel().catch((err) => announce(`${transfer.path}: ${faultOf(err)}`)); // it expires by itself
  }

  private label(target: HTMLButtonElement, text: string): void {
    if (target.firstChild?.textContent === text) return;
    target.replaceChildren(text, el('span', { class: 'unseen' }, ` ${this.transfer.path}`));
  }
}

/** What an upload is at, without how far it is: what is worth being said aloud. */
export function newsOf({ state, file, fault, offline }: Transfer): string {
  if (offline) return waitsForNetwork;
  if (state === 'failed') return faultOf(fault);
  return file ? sentence(statusOf(file)) : spoken[state];
}

function described(transfer: Transfer): string {
  const { state, phase, done, size, offline, meter } = transfer;
  if (state === 'interrupted') return 'Interrupted. Choose the same file again to go on where it stopped.';
  if (state !== 'sending' || offline) return newsOf(transfer);
  const percent = `${size ? Math.floor((100 * done) / size) : 100} %`;
  if (phase === 'hashing') return `Reading, ${percent}`;
  if (phase === 'completing') return 'Putting it together';
  const { rate } = meter;
  if (!rate) return `Sending, ${percent}`;
  return `Sending, ${percent}, ${bytes(rate)}/s, ${duration((size - done) / rate)} left`;
}

export const waitsForNetwork = 'Waiting for the network';

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
