import { button, el } from './dom.js';
import { summaryOf, type Counts } from './kinds.js';
import { waitsForNetwork } from './row.js';
import type { Transfer } from './transfer.js';
import { bytes } from './words.js';

/** What all uploads together are at, and what can be done with them all. */
export class Summary {
  readonly element: HTMLElement;
  private readonly text = el('p', { class: 'state' });
  private readonly bar = el('progress', { 'aria-label': 'Progress of all uploads' });
  private readonly toggle: HTMLButtonElement;
  private readonly cancel: HTMLButtonElement;
  private readonly hide: HTMLButtonElement;
  private goesOn = true;

  constructor(act: { pause(): void; resume(): void; cancel(): void; hide(): void }) {
    this.toggle = button('', '', () => (this.goesOn ? act.pause() : act.resume()));
    this.cancel = button('Cancel all', '', () => act.cancel());
    this.hide = button('Hide those that are done', '', () => act.hide());
    const buttons = el('div', { class: 'buttons' }, this.toggle, this.cancel, this.hide);
    this.element = el('div', { class: 'row', role: 'group', 'aria-label': 'All uploads', hidden: true });
    this.element.append(el('div', {}, this.text, this.bar), buttons);
  }

  /** Shows the uploads as they are. `reading` says that more are still to come. */
  show(counts: Counts, transfers: Iterable<Transfer>, reading: boolean): void {
    let sent = 0;
    let size = 0;
    let offline = false;
    for (const transfer of transfers) {
      if (transfer.state === 'failed') continue;
      sent += transfer.sent;
      size += transfer.size;
      offline ||= transfer.offline;
    }
    const { waiting, sending, paused, interrupted, failed, rejected, done, refused } = counts;
    const waits = offline ? `. ${waitsForNetwork}` : '';
    this.text.textContent = `${summaryOf(counts)}, ${bytes(sent)} of ${bytes(size)}${waits}`;
    this.bar.max = Math.max(1, size);
    this.bar.value = sent;
    this.goesOn = waiting + sending > 0;
    this.toggle.textContent = this.goesOn ? 'Pause all' : 'Resume all';
    this.toggle.hidden = !this.goesOn && paused + failed === 0;
    this.cancel.hidden = !reading && waiting + sending + paused + interrupted === 0;
    this.hide.hidden = done + rejected + refused === 0;
  }
}
