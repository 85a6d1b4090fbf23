import { createHash, createHmac } from 'node:crypto';
import type { Presigned } from '@vouch-s3/uppy';
import type { Page } from 'playwright-core';
import type { Stack } from './stack.js';

/**
 * Has the first answer that a page's call gets carry a URL that has run out already;
 * `find` says where in the answer.
 */
export async function age(page: Page, stack: Stack, call: string, find: (answer: any) => Presigned | undefined) {
  let done = false;
  await page.route(`${stack.api}${call}`, async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    const response = await route.fetch();
    const answer = await response.json();
    const presigned = done ? undefined : find(answer);
    if (presigned) {
      done = true;
      presigned.url = aged(presigned, stack.secrets);
    }
    return route.fulfill({ response, json: answer });
  });
}

/**
 * The URL of a PUT as it was when it was presigned, with the same key, so long
 * ago that it has run out: what a phone holds that was asleep ("Authenticating
 * Requests: Using Query Parameters", Amazon S3 API Reference).
 */
function aged({ url, headers }: Presigned, secrets: ReadonlyMap<string, string>): string {
  const old = new URL(url);
  const query = old.searchParams;
  const life = Number(query.get('X-Amz-Expires'));
  const time = new Date(Date.now() - (life + 60) * 1000).toISOString().replace(/[-:]|\.\d+/g, '');
  const [id, , ...rest] = query.get('X-Amz-Credential')!.split('/');
  const scope = [time.slice(0, 8), ...rest];
  query.set('X-Amz-Date', time);
  query.set('X-Amz-Credential', [id, ...scope].join('/'));
  query.delete('X-Amz-Signature');
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const pairs = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const sent = new Map([
    ['host', old.host],
    ...Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
  ]);
  const signed = query.get('X-Amz-SignedHeaders')!;
  const lines = signed.split(';').map((name) => `${name}:${sent.get(name)}\n`);
  const request = ['PUT', old.pathname, pairs.join('&'), lines.join(''), signed, 'UNSIGNED-PAYLOAD'].join('\n');
  const hash = createHash('sha256').update(request).digest('hex');
  let key: string | Buffer = `AWS4${secrets.get(id!)}`;
  for (const step of scope) key = createHmac('sha256', key).update(step).digest();
  const text = ['AWS4-HMAC-SHA256', time, scope.join('/'), hash].join('\n');
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return `${old.origin}${old.pathname}?${pairs.join('&')}&X-Amz-Signature=${signature}`;
}
