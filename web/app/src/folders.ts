/** A file that was chosen or dropped, and the folders it was in: `photos/2024/`, or nothing. */
export interface Found {
  file: File;
  folder: string;
}

/** Why something in a folder is not sent. */
export type Why = 'system' | 'empty' | 'unreadable';

/** Some of what is in folders: what is to be sent, and the paths of what is not. */
export interface Batch {
  found: Found[];
  left: Record<Why, string[]>;
}

/** How many files are told of at a time, so that the page goes on between. */
const atOnce = 100;

/** What systems write into folders by themselves, and nobody has put there. */
const systemFile = /^(\.DS_Store|\.localized|\._.*|Icon\r|Thumbs\.db|ehthumbs(_vista)?\.db|desktop\.ini|\.directory)$/i;
const systemFolder =
  /(^|\/)(__MACOSX|\.Trashes|\.Trash-\d+|\.Spotlight-V100|\.fseventsd|\$RECYCLE\.BIN|System Volume Information)\//i;

/** What is dropped. It can be asked for while the event lasts, and is read later. */
export function entriesOf({ items }: Pick<DataTransfer, 'items'>): (FileSystemEntry | File)[] {
  return [...items].flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? item.getAsFile() ?? []) : [],
  );
}

/** Reads what is dropped, and what is in its folders. */
export async function* readEntries(dropped: (FileSystemEntry | File)[]): AsyncGenerator<Batch, void> {
  const folders: FileSystemDirectoryEntry[] = [];
  const sort = async (entries: (FileSystemEntry | File)[]) => {
    folders.push(...entries.filter(isFolder));
    return batchOf(await Promise.all(entries.filter((entry) => !isFolder(entry)).map(foundOf)));
  };
  for (let at = 0; at < dropped.length; at += atOnce) yield await sort(dropped.slice(at, at + atOnce));
  for (let folder; (folder = folders.shift());) {
    const reader = folder.createReader();
    try {
      // It gives as many as it likes at a time, and at last none (File and Directory Entries API, 7.3).
      for (let entries; (entries = await next(reader)).length;) yield await sort(entries);
    } catch {
      yield batchOf([folder.fullPath]);
    }
  }
}

/** What is in a folder that was chosen, which the browser has read. */
export async function* readFolder(files: File[]): AsyncGenerator<Batch, void> {
  for (let at = 0; at < files.length; at += atOnce) {
    const some = files.slice(at, at + atOnce);
    yield batchOf(some.map((file) => ({ file, folder: folderOf(file.webkitRelativePath) })));
    await new Promise((resolve) => setTimeout(resolve)); // the page's turn
  }
}

/** Says what is left out, and why; nothing if nothing is. */
export function leftText({ system, empty, unreadable }: Batch['left']): string {
  const some = [
    empty.length && `${count(empty, 'empty file')} ${names(empty)}`,
    system.length && `${count(system, 'system file')} ${names(system)}`,
    unreadable.length && `${unreadable.length} that cannot be read ${names(unreadable)}`,
  ].filter(Boolean);
  return some.length ? `Left out: ${some.join(', ')}.` : '';
}

const isFolder = (entry: FileSystemEntry | File): entry is FileSystemDirectoryEntry =>
  'isDirectory' in entry && entry.isDirectory;

/** The file of an entry, or the path of one that cannot be read. */
async function foundOf(entry: FileSystemEntry | File): Promise<Found | string> {
  if (entry instanceof File) return { file: entry, folder: '' };
  try {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return { file, folder: folderOf(entry.fullPath) };
  } catch {
    return entry.fullPath;
  }
}

/** Parts what is to be sent from what is not. Who chooses one file means it, whatever it is. */
function batchOf(all: (Found | string)[]): Batch {
  const batch: Batch = { found: [], left: { system: [], empty: [], unreadable: [] } };
  for (const one of all) {
    if (typeof one === 'string') {
      batch.left.unreadable.push(one.replace(/^\//, ''));
      continue;
    }
    const { file, folder } = one;
    const system = systemFile.test(file.name) || systemFolder.test(folder);
    if (folder && system) batch.left.system.push(folder + file.name);
    else if (folder && file.size === 0) batch.left.empty.push(folder + file.name);
    else batch.found.push(one);
  }
  return batch;
}

const next = (reader: FileSystemDirectoryReader) =>
  new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));

/** The folders of a path, with no slash before and one behind. */
const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/') + 1).replace(/^\//, '');

const count = ({ length }: string[], what: string) => `${length} ${what}${length === 1 ? '' : 's'}`;

function names(paths: string[]): string {
  const first = paths.slice(0, 3).map((path) => path.replace(/[\r\n]/g, ''));
  return `(${first.join(', ')}${paths.length > first.length ? ', …' : ''})`;
}
