/** What is kept of an upload that has not ended, to go on after a reload. */
export interface Kept {
  id: string;
  name: string;
  size: number;
  /** The folders it was in, as Found has them. */
  folder: string;
}

/** The uploads of one person that have not ended, in this tab. It holds names and ids, and no token. */
export class Keeper {
  private readonly key: string;

  constructor(subject: string) {
    this.key = `vouch.uploads ${subject}`;
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

  private save(all: Kept[]): void {
    sessionStorage.setItem(this.key, JSON.stringify(all));
  }
}
