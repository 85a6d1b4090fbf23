import type { HistoryEvent } from '@vouch/client';
import { statusOf, time } from './words.js';

/** What was done, or refused, in a sentence for each action of the API (docs/openapi.yaml). */
export const sentences: Record<HistoryEvent['action'], (event: HistoryEvent) => string> = {
  'upload-presigned': (event) => `${actor(event)} began the upload.`,
  'parts-presigned': (event) => `${actor(event)} went on with the upload.`,
  'download-presigned': (event) => `${actor(event)} took a link to download it.`,
  'status-changed': (event) => {
    const { status, reason } = event;
    const now = status ? statusOf({ status, reason } as Parameters<typeof statusOf>[0]) : 'another status';
    return `${actor(event)} changed what it is, to ${now.replace(/\.$/, '')}.`;
  },
  'grant-put': (event) => {
    const may = event.level === 'manage' ? 'manage' : 'download';
    return `${actor(event)} let ${grantee(event)} ${may} it${until(event)}.`;
  },
  'grant-removed': (event) => `${actor(event)} stopped sharing it with ${grantee(event)}.`,
  'retention-set': (event) =>
    `${actor(event)} has it kept${event.expiresAt ? until(event) : ' as long as nobody deletes it'}.`,
  'hold-placed': (event) => `${actor(event)} put it on hold, so that nobody deletes it.`,
  'hold-released': (event) => `${actor(event)} released it from being on hold.`,
  'access-denied': (event) => `${actor(event)} was refused ${event.call ?? 'a call'}${event.reason ? `: ${event.reason}` : ''}.`,
};

/** What an event was, for people. An action that is newer than this page is said by its name. */
export function sentenceOf(event: HistoryEvent): string {
  return sentences[event.action]?.(event) ?? `${actor(event)}: ${event.action as string}.`;
}

/** Who it was: functions of Vouch have names with a colon before, and those of other tenants are not told. */
const actor = ({ actor }: HistoryEvent) => (actor === undefined ? 'Somebody' : actor.startsWith(':vouch/') ? 'Vouch' : actor);

const grantee = ({ type, subject = 'somebody' }: HistoryEvent) => (type === 'group' ? `everybody in ${subject}` : subject);

const until = ({ expiresAt }: HistoryEvent) => (expiresAt ? ` until ${time(expiresAt)}` : '');
