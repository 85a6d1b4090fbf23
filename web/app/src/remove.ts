import type { Vouch, VouchFile } from '@vouch/client';
import { open } from './dialog.js';
import { button, el } from './dom.js';
import { faultOf } from './words.js';

/** Asks whether a file is to be deleted, and deletes it; true when it is gone. */
export function confirmDelete(vouch: Vouch, { id, filename }: VouchFile): Promise<boolean> {
  return new Promise((resolve) => {
    const wrong = el('p', { class: 'wrong', role: 'alert' });
    const yes = button('Delete', filename, () => void go(), 'danger');
    const no = button('Keep', 'it', () => dialog.close());
    const text = el('p', {}, `${filename} and its bytes go, for you and everybody it is shared with.`);
    const dialog = open('Delete this file?', text, wrong, el('div', { class: 'buttons' }, no, yes));
    let gone = false;
    const go = async () => {
      yes.disabled = true;
      try {
        await vouch.delete(id);
        gone = true;
        dialog.close();
      } catch (err) {
        wrong.textContent = faultOf(err);
        yes.disabled = false;
      }
    };
    dialog.addEventListener('close', () => resolve(gone));
  });
}
