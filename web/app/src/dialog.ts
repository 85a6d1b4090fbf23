import { el, successor } from './dom.js';

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
