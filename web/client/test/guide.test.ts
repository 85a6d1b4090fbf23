import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

it('the guide shows the code that the browser tests run', () => {
  const code = readFileSync('pages/client/guide.ts', 'utf8');
  assert.ok(readFileSync('../docs/typescript.md', 'utf8').includes('```ts\n' + code + '```'));
});
