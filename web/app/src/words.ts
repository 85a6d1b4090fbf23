import { Problem, StorageError, Unreachable, type Reason, type Status, type VouchFile } from '@vouch/client';

/** Why a file is rejected, for whoever has sent it (shared/file/reason.go). */
export const reasons: Record<Reason, string> = {
  'object-missing': 'The bytes were gone before they could be checked. Please send the file again.',
  'object-changed': 'The bytes were replaced while they were checked. Please send the file again.',
  'size-mismatch': 'It is not as long as was said. Please send it again.',
  'content-type-mismatch': 'It was sent as another type than was said.',
  'checksum-mismatch': 'What arrived are not the bytes of the file that was chosen. Please send it again.',
  'malware-detected': 'A virus scanner knows it as malware.',
  'verification-failed': 'It could not be checked, and what is not checked is not kept. Please send it again.',
  'scan-incomplete': 'The virus scanner could not look at all of it.',
  'archive-ratio': 'It unpacks to many times its size, as archive bombs do.',
  'archive-size': 'It unpacks to more than is looked at.',
  'archive-entries': 'It is an archive of too many files.',
  'archive-depth': 'It has archives within archives, too deep to be looked at.',
  'archive-unsupported': 'It is, or holds, a kind of archive that cannot be looked into.',
  encrypted: 'It is encrypted, or needs a password, so that it cannot be looked into.',
  executable: 'It is, or holds, a program.',
  'office-macros': 'It is an Office document with macros.',
  'pdf-active': 'It is a PDF that runs something: a script, a program or a file in it.',
  'markup-script': 'It is a picture or document with a script in it.',
  'content-mismatch': 'What is in it is not of the type that it is said to be.',
  polyglot: 'It can be read as two types at once.',
  'archive-path': 'It is an archive that would write outside of its own folder.',
  'image-size': 'It is a picture with more pixels than viewers can bear.',
  malformed: 'It is cut off or damaged.',
};

/** What a status means. */
export const statuses: Record<Status, string> = {
  pending: 'waiting for its bytes',
  uploaded: 'arrived, to be verified',
  verifying: 'being verified',
  ready: 'ready',
  rejected: 'rejected',
  expired: 'expired',
  deleted: 'deleted',
};

/** A file's status, and why it is rejected. */
export function statusOf({ status, reason }: Pick<VouchFile, 'status' | 'reason'>): string {
  return status === 'rejected' && reason ? `rejected: ${reasons[reason] ?? reason}` : statuses[status];
}

/** What went wrong, for people. */
export function faultOf(err: unknown): string {
  if (err instanceof Problem) {
    if (err.is('content-type-not-allowed')) return 'Files of this type are not taken.';
    if (err.is('quota-exceeded')) return `That would be more than the quota has left. ${err.detail ?? ''}`.trim();
    if (err.is('not-found')) return 'There is no such file, or nobody has shared it with you.';
    return err.detail ?? err.title;
  }
  if (err instanceof StorageError) return 'The storage has refused the bytes. Please try again.';
  if (err instanceof Unreachable) return 'There is no connection. Please try again.';
  if (err instanceof DOMException && err.name === 'NotReadableError') return 'The file has changed, or is gone.';
  return err instanceof Error ? err.message : String(err);
}

/** 1.5 MB, by powers of a thousand. */
export function bytes(count: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let power = 0;
  while (power < units.length - 1 && count >= 1000 ** (power + 1)) power++;
  const value = count / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** 40 s, 3 min, 2 h 5 min. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time (RFC 3339) as people here write it. */
export const time = (at: string) => new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
