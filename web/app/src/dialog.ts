import { el } from './dom.js';

/** Opens a dialog, which Escape closes, and takes it away when it is closed. */
export function open(title: string, ...children: Node[]): HTMLDialogElement {
  const dialog = el('dialog', { 'aria-labelledby': 'dialog' }, el('h2', { id: 'dialog' }, title), ...children);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
