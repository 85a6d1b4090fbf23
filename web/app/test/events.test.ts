import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { HistoryEvent } from '@vouch/client';
import { sentenceOf, sentences } from '../src/events.js';

const event = (more: Partial<HistoryEvent>): HistoryEvent => ({
  id: '0195f3a2-7c1e-7b4a-9d5e-3f2a1b0c9d8e',
  at: '2026-11-24T15:00:00Z',
  actor: 'alice',
  action: 'grant-put',
  outcome: 'done',
  ...more,
});

describe('the history', () => {
  it('has a sentence for every action, and for no others', () => {
    const document = readFileSync('../docs/openapi.yaml', 'utf8');
    const names = /description: What was done\.\n +enum: \[([^\]]+)\]/.exec(document)?.[1]?.split(', ');
    assert(names, 'actions are no enum');
    assert.deepEqual(Object.keys(sentences).sort(), names.sort());
    const said = (names as HistoryEvent['action'][]).map((action) => sentenceOf(event({ action })));
    assert.equal(new Set(said).size, names.length, 'each says something else');
    for (const text of said) assert.match(text, /^alice .*[a-z]\.$/);
  });

  it('says who, whom and why', () => {
    const rejected = { actor: ':vouch/mark-rejected', action: 'status-changed', status: 'rejected', reason: 'encrypted' } as const;
    assert.match(sentenceOf(event(rejected)), /^Vouch changed what it is, to rejected: It is encrypted,.*[^.]\.$/);
    const given = event({ type: 'group', subject: 'staff', level: 'read' });
    assert.equal(sentenceOf(given), 'alice let everybody in staff download it.');
    const denied = event({ action: 'access-denied', outcome: 'denied', call: 'get-file', actor: undefined });
    assert.equal(sentenceOf(denied), 'Somebody was refused get-file.');
  });
});
