export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((r) => (resolve = r));
  return { promise, resolve };
}

/** Asks until there is an answer, which it returns. */
export async function until<T>(ask: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
  for (const end = Date.now() + 30_000; Date.now() < end; await pause(50)) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`it never came to pass that ${what}`);
}
