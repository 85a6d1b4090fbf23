// Takes the pictures of the page: node screenshots/run.mjs [VIEW…], in web/.
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { build } from 'esbuild';

const outfile = resolve('.build/screenshots.mjs');
rmSync(outfile, { force: true });
await build({
  entryPoints: ['screenshots/take.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});
await import(pathToFileURL(outfile).href);
