import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { leftText, readEntries, readFolder, type Batch } from '../src/folders.js';

/** A file in a folder that was dropped; one without content cannot be read. */
function fileEntry(fullPath: string, content?: string): FileSystemEntry {
  const name = fullPath.slice(fullPath.lastIndexOf('/') + 1);
  const file = (done: (file: File) => void, failed: (err: unknown) => void) =>
    content === undefined ? failed(new DOMException('gone', 'NotFoundError')) : done(new File([content], name));
  return { isDirectory: false, isFile: true, name, fullPath, file } as never;
}

/** A folder that gives what is in it `batch` at a time, as browsers give 100, and fails where there is nothing. */
function folderEntry(fullPath: string, entries: FileSystemEntry[] | undefined, batch = 100): FileSystemEntry {
  const createReader = () => {
    let at = 0;
    const readEntries = (done: (entries: FileSystemEntry[]) => void, failed: (err: unknown) => void) =>
      entries ? done(entries.slice(at, (at += batch))) : failed(new DOMException('no', 'NotReadableError'));
    return { readEntries };
  };
  return { isDirectory: true, isFile: false, name: fullPath, fullPath, createReader } as never;
}

async function all(batches: AsyncIterable<Batch>) {
  const paths: string[] = [];
  const left: Batch['left'] = { system: [], empty: [], unreadable: [] };
  for await (const batch of batches) {
    paths.push(...batch.found.map(({ file, folder }) => folder + file.name));
    for (const why of ['system', 'empty', 'unreadable'] as const) left[why].push(...batch.left[why]);
  }
  return { paths, left };
}

describe('what is dropped', () => {
  it('is read to the last file of the last folder, however few a browser gives at a time', async () => {
    const many = Array.from({ length: 250 }, (_, n) => fileEntry(`/photos/2024/${n}.png`, 'x'));
    const top = folderEntry('/photos', [folderEntry('/photos/2024', many, 7), fileEntry('/photos/a.txt', 'x')], 1);
    const { paths, left } = await all(readEntries([top, fileEntry('/single.txt', 'x')]));
    assert.equal(paths.length, 252);
    assert.equal(new Set(paths).size, 252);
    assert(paths.includes('photos/2024/249.png') && paths.includes('photos/a.txt') && paths.includes('single.txt'));
    assert.deepEqual(left, { system: [], empty: [], unreadable: [] });
  });

  it('leaves out of folders what systems write there, what is empty, and what cannot be read', async () => {
    const system = ['.DS_Store', '._a.txt', 'Thumbs.db', 'DESKTOP.INI', '__MACOSX/a.txt', '$RECYCLE.BIN/a.txt'];
    const { paths, left } = await all(
      readEntries([
        folderEntry('/d', [
          ...system.map((name) => fileEntry(`/d/${name}`, 'x')),
          fileEntry('/d/empty.txt', ''),
          fileEntry('/d/gone.txt'),
          fileEntry('/d/thumbs.db.txt', 'x'),
          folderEntry('/d/closed', undefined),
        ]),
      ]),
    );
    assert.deepEqual(paths, ['d/thumbs.db.txt']);
    assert.deepEqual(
      left.system,
      system.map((name) => `d/${name}`),
    );
    assert.deepEqual(left.empty, ['d/empty.txt']);
    assert.deepEqual(left.unreadable, ['d/gone.txt', 'd/closed']);
  });

  it('is sent by itself whatever it is: the API says what is wrong with it', async () => {
    const { paths } = await all(
      readEntries([fileEntry('/.DS_Store', 'x'), fileEntry('/empty.txt', ''), new File([], 'e')]),
    );
    assert.deepEqual(paths, ['.DS_Store', 'empty.txt', 'e']);
  });
});

describe('a folder that is chosen', () => {
  it('is told of some files at a time, with the path of each', async () => {
    const files = Array.from({ length: 230 }, (_, n) => {
      const file = new File(['x'], `${n}.txt`);
      return Object.defineProperty(file, 'webkitRelativePath', { value: `notes/${n % 2 ? 'odd/' : ''}${n}.txt` });
    });
    const sizes: number[] = [];
    const paths: string[] = [];
    for await (const { found } of readFolder(files)) {
      sizes.push(found.length);
      paths.push(...found.map(({ file, folder }) => folder + file.name));
    }
    assert.deepEqual(sizes, [100, 100, 30]);
    assert.deepEqual(paths.slice(0, 2), ['notes/0.txt', 'notes/odd/1.txt']);
  });
});

describe('the note of what is left out', () => {
  it('counts, and names some', () => {
    const empty = ['d/a', 'd/b', 'd/c', 'd/d'];
    assert.equal(
      leftText({ system: ['d/.DS_Store'], empty, unreadable: ['d/x'] }),
      'Left out: 4 empty files (d/a, d/b, d/c, …), 1 system file (d/.DS_Store), 1 that cannot be read (d/x).',
    );
    assert.equal(leftText({ system: [], empty: [], unreadable: [] }), '');
  });
});
