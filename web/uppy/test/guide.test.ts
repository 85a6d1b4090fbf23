import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

const page = (version: string) => readFileSync(`pages/${version}/page.ts`, 'utf8');

it('the guide shows the page that the browser tests run', () => {
  assert.ok(readFileSync('../docs/uppy.md', 'utf8').includes('```ts\n' + page('v6') + '```'));
});

it('for Uppy 5 only one import differs', () => {
  assert.equal(page('v5'), page('v6').replace('@vouch-s3/uppy/v6', '@vouch-s3/uppy/v5'));
});
