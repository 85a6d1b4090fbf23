import type { HistoryEvent, Vouch, VouchFile } from '@vouch/client';
import { open } from './dialog.js';
import { button, el } from './dom.js';
import { sentenceOf } from './events.js';
import { faultOf, time } from './words.js';

/** How many events are shown at a time. */
const batch = 20;

/** Shows what was done to a file and by whom, or what was denied; newest first. */
export function history(vouch: Vouch, { id, filename }: VouchFile): void {
  const list = el('ul', { class: 'rows', 'aria-label': 'Events', tabindex: -1 });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const said = el('p', { class: 'note', role: 'status' });
  let asked = new AbortController();
  let events: AsyncGenerator<HistoryEvent, void, undefined>;
  let ahead: HistoryEvent | undefined; // one more than is shown, so that it is known whether there is one
  const outcome = el(
    'select',
    { change: () => void show() },
    el('option', { value: 'done' }, 'what was done'),
    el('option', { value: 'denied' }, 'what was denied'),
  );
  const take = async () => (ahead = (await events.next()).value ?? undefined);
  const next = async () => {
    const { signal } = asked;
    wrong.textContent = '';
    more.disabled = true;
    try {
      const first = list.childElementCount;
      for (let count = 0; count < batch && ahead; count++) {
        list.append(row(ahead));
        await take();
        if (signal.aborted) return;
      }
      if (first > 0) (list.children[first] as HTMLElement | undefined)?.focus();
      const count = list.childElementCount;
      said.textContent = count === 0 ? 'Nothing.' : `${count} ${count === 1 ? 'event' : 'events'}${ahead ? ' so far' : ''}`;
    } catch (err) {
      if (!signal.aborted) wrong.textContent = faultOf(err);
    }
    more.disabled = false;
    more.hidden = ahead === undefined;
  };
  const show = async () => {
    asked.abort();
    const { signal } = (asked = new AbortController());
    events = vouch.history(id, { outcome: outcome.value as HistoryEvent['outcome'], limit: batch + 1, signal });
    list.replaceChildren();
    more.hidden = true;
    wrong.textContent = '';
    said.textContent = 'Loading';
    try {
      await take();
    } catch (err) {
      if (signal.aborted) return;
      said.textContent = '';
      wrong.textContent = faultOf(err);
      return;
    }
    if (!signal.aborted) await next();
  };
  const more = button('Show more', 'events', () => void next());
  const close = button('Close', '', () => dialog.close());
  const filter = el('label', {}, 'Show', outcome);
  const dialog = open(`History of ${filename}`, filter, said, wrong, list, el('div', { class: 'buttons' }, more, close));
  dialog.addEventListener('close', () => asked.abort());
  void show();
}

const row = (event: HistoryEvent) =>
  el(
    'li',
    { class: 'row', tabindex: -1 },
    el('div', {}, el('p', {}, sentenceOf(event)), el('p', { class: 'about' }, time(event.at))),
  );
