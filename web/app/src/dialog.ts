import { el } from './dom.js';

/** Opens a dialog, which Escape closes, and takes it away when it is closed. */
export function open(title: string, ...children: Node[]): HTMLDialogElement {
  const opener = document.activeElement;
  const dialog = el('dialog', { 'aria-labelledby': 'dialog' }, el('h2', { id: 'dialog' }, title), ...children);
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener && !opener.isConnected) successor(opener)?.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The button in the place of one whose file's row was made anew meanwhile: the browser gives the keyboard back to none. */
function successor(opener: Element): HTMLButtonElement | undefined {
  const id = opener.closest('[data-id]')?.getAttribute('data-id');
  const rows = [...document.querySelectorAll('[data-id]')].filter((row) => row.getAttribute('data-id') === id);
  const buttons = rows.flatMap((row) => [...row.querySelectorAll('button')]);
  return buttons.find(({ textContent }) => textContent === opener.textContent);
}
