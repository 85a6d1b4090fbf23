// What Lighthouse says of the page, signed out and signed in, against the whole local
// stack: node lighthouse/.build/score.mjs, which npm run lighthouse builds. What it finds
// wrong is printed below the scores.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desktopConfig, navigation } from 'lighthouse';
import puppeteer from 'puppeteer-core';
import { startStack } from '../test/stack.js';

const profile = await mkdtemp(join(tmpdir(), 'vouch-lighthouse-'));
const stack = await startStack();
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  userDataDir: profile,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  for (const [device, config] of Object.entries({ phone: undefined, desktop: desktopConfig })) {
    report(`${device}, signed out`, await navigation(page, stack.api, { config }));
  }
  for (let n = 0; n < 20; n++) await send(`letter ${n}.txt`, `Dear reader ${n},\n`);
  await signIn(page);
  for (const [device, config] of Object.entries({ phone: undefined, desktop: desktopConfig })) {
    // The storage stays, so that the page signs in again, as after a reload.
    const flags = { disableStorageReset: true };
    report(`${device}, signed in`, await navigation(page, stack.api, { config, flags }));
    await page.waitForSelector('::-p-text(Signed in as)', { timeout: 1000 }); // or it was of another view
  }
} finally {
  await browser.close();
  await stack.close();
  await rm(profile, { recursive: true, force: true });
}

async function signIn(page) {
  await page.goto(stack.api);
  await page.locator('::-p-aria(Sign in[role="button"])').click();
  await page.locator('::-p-aria(Name[role="textbox"])').fill('alice');
  await page.locator('::-p-aria(Sign in[role="button"])').click();
  await page.waitForSelector('::-p-text(Signed in as)');
}

/** Sends a file of alice's, so that there is something to see. */
async function send(filename, content) {
  const headers = { Authorization: `Bearer ${stack.token}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ filename, contentType: 'text/plain', size: content.length });
  const { upload } = await (await fetch(`${stack.api}/files`, { method: 'POST', headers, body })).json();
  const sent = await fetch(upload.url, { method: upload.method, headers: upload.headers, body: content });
  if (!sent.ok) throw new Error(`S3 answers ${sent.status}`);
}

/** Prints the scores, of 100, and every audit that is not passed. */
function report(what, { lhr }) {
  if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
  const score = (value) => (value === null ? '-' : Math.round(100 * value));
  const scores = Object.values(lhr.categories).map(({ title, score: of }) => `${title} ${score(of)}`);
  console.log(`${what}: ${scores.join(', ')}`);
  for (const { id, title, score: of, displayValue = '', scoreDisplayMode } of Object.values(lhr.audits)) {
    if (of !== null && of < 0.9 && scoreDisplayMode !== 'informative') console.log(`  ${id}: ${title} ${displayValue}`);
  }
}
