import { Problem, type Vouch, type VouchFile } from '@vouch/client';
import { open } from './dialog.js';
import { button, el } from './dom.js';
import { fromField, toField } from './moment.js';
import { faultOf, time } from './words.js';

/** Shows how long a file is kept, and lets it be changed. */
export function keep(vouch: Vouch, { id, filename }: VouchFile): void {
  const now = el('p', {}, 'Loading');
  const held = el('p', { hidden: true }, 'It is on hold: nobody deletes it until an administrator releases it.');
  const said = el('p', { role: 'status' });
  const wrong = el('p', { id: 'refused', class: 'wrong', role: 'alert' });
  const until = el('input', { type: 'datetime-local', 'aria-describedby': 'refused', input: () => (forGood.checked = false) });
  const forGood = el('input', { type: 'checkbox', change: () => forGood.checked && (until.value = '') });
  const show = (expiresAt: string | undefined) => {
    now.textContent = expiresAt ? `It is kept until ${time(expiresAt)}.` : 'It is kept as long as nobody deletes it.';
    until.value = expiresAt ? toField(expiresAt) : '';
    forGood.checked = expiresAt === undefined;
  };
  const refuse = (text: string) => {
    wrong.textContent = text;
    until.setAttribute('aria-invalid', String(text !== ''));
  };
  const load = async () => {
    try {
      const { expiresAt, onHold } = await vouch.get(id); // the list may be older
      show(expiresAt);
      held.hidden = !onHold;
    } catch (err) {
      now.textContent = '';
      refuse(faultOf(err));
    }
  };
  const submit = async () => {
    refuse('');
    said.textContent = '';
    const expiresAt = fromField(until.value);
    if (!expiresAt && !forGood.checked) {
      refuse('Say until when, or that it is to be kept as long as nobody deletes it.');
      return until.focus();
    }
    try {
      show((await vouch.setRetention(id, expiresAt ?? null)).expiresAt);
      said.textContent = 'Saved.';
    } catch (err) {
      refuse(faultOf(err));
      if (err instanceof Problem) until.focus();
    }
  };
  const form = el(
    'form',
    { submit: (event) => (event.preventDefault(), void submit()) },
    el('label', {}, 'Keep until', until),
    wrong,
    el('label', { class: 'check' }, forGood, ' As long as nobody deletes it'),
    el('button', { class: 'main' }, 'Save'),
  );
  const close = button('Close', '', () => dialog.close());
  const dialog = open(`How long ${filename} is kept`, now, held, form, said, close);
  void load();
}
