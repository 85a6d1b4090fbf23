import type { Grant, Level, Vouch, VouchFile } from '@vouch/client';
import { button, el } from './dom.js';
import { faultOf } from './words.js';

/** Opens a dialog, which Escape closes, and takes it away when it is closed. */
export function open(title: string, ...children: Node[]): HTMLDialogElement {
  const dialog = el('dialog', { 'aria-labelledby': 'dialog' }, el('h2', { id: 'dialog' }, title), ...children);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

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

/** Shows who else may do what with a file, and lets it be changed. */
export function share(vouch: Vouch, { id, filename }: VouchFile): void {
  const list = el('ul', { class: 'rows', 'aria-label': 'Shared with' });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const said = el('p', { role: 'status' }); // what is outside of a dialog is not read out
  const name = el('input', {
    required: true,
    maxlength: 256,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const level = el(
    'select',
    {},
    el('option', { value: 'read' }, 'see and download it'),
    el('option', { value: 'manage' }, 'also share and delete it'),
  );
  const attempt = async (what: () => Promise<void>) => {
    wrong.textContent = '';
    try {
      await what();
    } catch (err) {
      wrong.textContent = faultOf(err);
    }
  };
  const give = async () => {
    const grant = await vouch.putGrant(id, { name: name.value.trim() }, { level: level.value as Level });
    said.textContent = `Shared with ${grant.subject}.`;
    name.value = '';
    await show();
  };
  const take = async ({ subject, type }: Grant) => {
    await vouch.deleteGrant(id, { name: subject, type });
    said.textContent = `No longer shared with ${subject}.`;
    name.focus();
    await show();
  };
  const row = (grant: Grant) => {
    const who = grant.type === 'group' ? `everybody in ${grant.subject}` : grant.subject;
    const may = grant.level === 'read' ? 'may download' : 'may manage';
    const revoke = button('Revoke', who, () => void attempt(() => take(grant)));
    return el('li', { class: 'row' }, el('span', {}, el('strong', {}, who), ` ${may}`), revoke);
  };
  const show = async () => {
    const grants = await vouch.grants(id);
    list.replaceChildren(...(grants.length ? grants.map(row) : [el('li', {}, 'Nobody but you.')]));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void attempt(give);
  };
  const form = el(
    'form',
    { submit },
    el('label', {}, 'Whom, as they sign in', name),
    el('label', {}, 'What they may do', level),
    el('button', { class: 'main' }, 'Share'),
  );
  const address = el('input', { readonly: true, value: `${location.origin}/app/files/${id}` });
  const where = el('label', {}, 'Where they find it', address);
  const dialog = open(`Share ${filename}`, form, wrong, said, list, where, button('Close', '', () => dialog.close()));
  void attempt(show);
}
