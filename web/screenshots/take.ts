// Takes the pictures of the page in docs/screenshots, in Chromium, of a stack of its own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Site } from '../test/tab.js';
import { views } from './views.js';
import { Visit } from './visit.js';

/** No picture has more bytes, or reading the README would be slow. */
const most = 120_000;

const into = resolve('../docs/screenshots');
const wanted = process.argv.slice(2);
for (const name of wanted) if (!(name in views)) throw new Error(`there is no view ${name}`);

const site = await Site.start();
try {
  await mkdir(into, { recursive: true });
  const first = await Visit.begin(site);
  await first.fill();
  await first.end();
  for (const [name, view] of Object.entries(views)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const visit = await Visit.begin(site, view);
    await visit.listed('contract.pdf');
    await view.show(visit);
    const picture = await visit.page.screenshot({ animations: 'disabled', caret: 'hide' });
    if (picture.length > most) throw new Error(`${name}.png has ${picture.length} bytes, and may have ${most}`);
    await writeFile(join(into, `${name}.png`), picture);
    console.log(`docs/screenshots/${name}.png, ${Math.ceil(picture.length / 1000)} kB`);
    await visit.end();
  }
} finally {
  await site.close();
}
