const two = (number: number) => String(number).padStart(2, '0');

/** A time (RFC 3339) as a field of the type datetime-local holds it: in the reader's zone, to the minute. */
export function toField(at: string): string {
  const date = new Date(at);
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** What such a field holds, in UTC (RFC 3339); undefined where it is empty. */
export function fromField(value: string): string | undefined {
  return value === '' ? undefined : new Date(value).toISOString(); // without a zone it is the reader's (ECMA-262, 21.4.1.32)
}
