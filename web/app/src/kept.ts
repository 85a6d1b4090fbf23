/** What is kept of an upload that has not ended, to go on after a reload. */
export interface Kept {
  id: string;
  name: string;
  size: number;
  /** The folders it was in, as Found has them. */
  folder: string;
}

/**
 * The uploads of one person that have not ended, in this tab, and which files of folders
 * that are not wholly sent have arrived. It holds names and ids, and no token.
 */
export class Keeper {
  private readonly key: string;
  private readonly sentKey: string;
  private readonly seen = new Set<string>(); // since the page was loaded

  constructor(subject: string) {
    this.key = `vouch.uploads ${subject}`;
    this.sentKey = `vouch.sent ${subject} `;
  }

  all(): Kept[] {
    return JSON.parse(sessionStorage.getItem(this.key) ?? '[]');
  }

  put(kept: Kept): void {
    this.save([...this.all().filter(({ id }) => id !== kept.id), kept]);
  }

  drop(id: string): void {
    this.save(this.all().filter((kept) => kept.id !== id));
  }

  /** Remembers that a file of a folder has arrived; a key each, since there may be thousands. */
  arrived(path: string, file: File): void {
    this.seen.add(path);
    sessionStorage.setItem(this.sentKey + path, stamp(file));
  }

  /** Whether the same file had arrived before the page was loaded again. Who chooses it twice after that means it. */
  arrivedBefore(path: string, file: File): boolean {
    if (this.seen.has(path) || sessionStorage.getItem(this.sentKey + path) !== stamp(file)) return false;
    this.seen.add(path);
    return true;
  }

  /** Forgets which files of a folder have arrived: all have, and there is nothing to go on with. */
  forgetArrived(folder: string): void {
    const prefix = this.sentKey + folder;
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(prefix)) sessionStorage.removeItem(key);
  }

  private save(all: Kept[]): void {
    sessionStorage.setItem(this.key, JSON.stringify(all));
  }
}

/** What tells a file from another of its path. */
const stamp = ({ size, lastModified }: File) => `${size} ${lastModified}`;
