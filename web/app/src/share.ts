import type { Grant, Level, Vouch, VouchFile } from '@vouch/client';
import { open } from './dialog.js';
import { button, el } from './dom.js';
import { fromField } from './moment.js';
import { faultOf, time } from './words.js';

const whoOf = ({ type, subject }: Grant) => (type === 'group' ? `everybody in ${subject}` : subject);

/** Shows who else may do what with a file, and lets it be changed. */
export function share(vouch: Vouch, { id, filename }: VouchFile): void {
  const list = el('ul', { class: 'rows', 'aria-label': 'Shared with', tabindex: -1 });
  const wrong = el('p', { class: 'wrong', role: 'alert' });
  const said = el('p', { role: 'status' }); // what is outside of a dialog is not read out
  const plain = { autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' };
  const name = el('input', { required: true, autofocus: true, maxlength: 256, ...plain });
  const type = el(
    'select',
    {},
    el('option', { value: 'subject' }, 'a person'),
    el('option', { value: 'group' }, 'everybody in a group'),
  );
  const level = el(
    'select',
    {},
    el('option', { value: 'read' }, 'see and download it'),
    el('option', { value: 'manage' }, 'also share and delete it'),
  );
  const until = el('input', { type: 'datetime-local' });
  const attempt = async (what: () => Promise<void>) => {
    wrong.textContent = '';
    try {
      await what();
    } catch (err) {
      wrong.textContent = faultOf(err);
    }
  };
  const give = async () => {
    const to = { name: name.value.trim(), type: type.value as Grant['type'] };
    const expiresAt = fromField(until.value);
    const grant = await vouch.putGrant(id, to, { level: level.value as Level, ...(expiresAt && { expiresAt }) });
    said.textContent = `Shared with ${whoOf(grant)}.`;
    name.value = '';
    await show();
  };
  const change = async (grant: Grant) => {
    const { subject, type, expiresAt } = grant;
    const changed: Level = grant.level === 'read' ? 'manage' : 'read';
    await vouch.putGrant(id, { name: subject, type }, { level: changed, ...(expiresAt && { expiresAt }) });
    said.textContent = `${whoOf(grant)} ${mayOf(changed)} now.`;
    list.focus(); // the button that was pressed goes with its row
    await show();
  };
  const take = async (grant: Grant) => {
    await vouch.deleteGrant(id, { name: grant.subject, type: grant.type });
    said.textContent = `No longer shared with ${whoOf(grant)}.`;
    name.focus();
    await show();
  };
  const row = (grant: Grant) => {
    const who = whoOf(grant);
    const end = grant.expiresAt ? ` until ${time(grant.expiresAt)}` : '';
    const other = grant.level === 'read' ? 'Allow managing' : 'Allow downloading only';
    const buttons = el(
      'div',
      { class: 'buttons' },
      button(other, `to ${who}`, () => void attempt(() => change(grant))),
      button('Revoke', who, () => void attempt(() => take(grant))),
    );
    return el('li', { class: 'row' }, el('span', {}, el('strong', {}, who), ` ${mayOf(grant.level)}${end}`), buttons);
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
    el('label', {}, 'Share with', type),
    el('label', {}, 'Whom, by the name that the sign-in has', name),
    el('label', {}, 'What they may do', level),
    el('label', {}, 'Until; left empty, for good', until),
    el('button', { class: 'main' }, 'Share'),
  );
  const address = el('input', { readonly: true, value: `${location.origin}/app/files/${id}` });
  const where = el('label', {}, 'Where they find it', address);
  const dialog = open(`Share ${filename}`, form, wrong, said, list, where, button('Close', '', () => dialog.close()));
  void attempt(show);
}

const mayOf = (level: Level) => (level === 'read' ? 'may download' : 'may manage');
