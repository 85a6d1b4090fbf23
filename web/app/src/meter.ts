/** How far back the rate looks, in milliseconds. */
const span = 5000;

/** How fast bytes go, over the last seconds. Times are milliseconds of any one clock. */
export class Meter {
  private seen: { at: number; done: number }[] = [];

  /** Takes note. The first bytes do not count: of an upload that is resumed they were there before. */
  note(done: number, at: number): void {
    if (done === 0 || done < (this.seen.at(-1)?.done ?? 0)) this.seen = [];
    if (done === 0) return;
    this.seen.push({ at, done });
    while (this.seen.length > 2 && this.seen[1]!.at < at - span) this.seen.shift();
  }

  /** Bytes a second, or undefined as long as nothing can be said. */
  get rate(): number | undefined {
    const first = this.seen[0];
    const last = this.seen.at(-1);
    if (!first || !last || last.at - first.at < 500) return undefined;
    return (1000 * (last.done - first.done)) / (last.at - first.at);
  }
}
