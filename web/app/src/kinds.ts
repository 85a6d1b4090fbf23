import type { Transfer } from './transfer.js';

/** What is to be told apart of uploads, when they are counted or chosen from. */
export type Kind =
  'waiting' | 'sending' | 'paused' | 'interrupted' | 'refused' | 'failed' | 'checking' | 'rejected' | 'done';

export function kindOf(transfer: Transfer): Kind {
  const { state, file, refused } = transfer;
  if (state === 'failed') return refused ? 'refused' : 'failed';
  if (state === 'ended') return file?.status === 'ready' ? 'done' : 'rejected';
  return state;
}

/** How many uploads there are of each kind. */
export type Counts = Record<Kind, number>;

/** `37 of 120 sent, 2 refused`. */
export function summaryOf(counts: Counts): string {
  const { checking, rejected, done, refused, failed } = counts;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = [
    `${checking + rejected + done} of ${total} sent`,
    refused && `${refused} refused`,
    rejected && `${rejected} rejected`,
    failed && `${failed} failed`,
  ];
  return parts.filter(Boolean).join(', ');
}
