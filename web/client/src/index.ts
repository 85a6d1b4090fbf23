/** A client of Vouch for browsers: docs/typescript.md. */
export { Vouch, type HistoryOptions, type ListOptions } from './vouch.js';
export { hash, type HashOptions } from './hash/hash.js';
export { Problem, StorageError, Unreachable } from './problem.js';
export type { Abortable, VouchOptions } from './call.js';
export type { Grantee } from './path.js';
export type { SettledOptions } from './settled.js';
export type { Progress, UploadOptions } from './upload.js';
export type {
  Completion,
  Created,
  Grant,
  HeldParts,
  HistoryEvent,
  Level,
  Link,
  NewFile,
  NewGrant,
  Page,
  PresignedParts,
  Reason,
  Retention,
  Status,
  Usage,
  Verdict,
  File as VouchFile,
} from './openapi.js';
