import { el } from './dom.js';
import { entriesOf } from './folders.js';

/** A file input that a button opens. */
export function picker(
  { multiple, folder }: { multiple?: boolean; folder?: boolean },
  chosen: (files: File[]) => void,
): HTMLInputElement {
  const change = () => {
    const files = [...(input.files ?? [])];
    input.value = ''; // the same file can be chosen again
    chosen(files);
  };
  const input = el('input', { type: 'file', multiple, webkitdirectory: folder, hidden: true, change });
  return input;
}

/** Whether folders can be chosen, as on telephones they often cannot. */
export const choosesFolders = 'webkitdirectory' in HTMLInputElement.prototype;

/** Takes what is dropped; what misses the zone must not replace the page. */
export function acceptDrops(zone: HTMLElement, dropped: (entries: (FileSystemEntry | File)[]) => void): void {
  const over = (on: boolean) => zone.classList.toggle('over', on);
  addEventListener('dragover', (event) => {
    event.preventDefault();
    over(zone.contains(event.target as Node));
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer && zone.contains(event.target as Node)) dropped(entriesOf(event.dataTransfer));
  });
}
