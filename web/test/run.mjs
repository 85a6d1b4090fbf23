// Bundles the tests of a folder, or one of them, and runs them: node test/run.mjs FOLDER, or FOLDER/NAME.test.ts.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

const one = process.argv[2].endsWith('.test.ts');
const folder = one ? dirname(process.argv[2]) : process.argv[2];
const outdir = join('.build', folder);
rmSync(outdir, { recursive: true, force: true });
const tests = one ? [basename(process.argv[2])] : readdirSync(folder).filter((name) => name.endsWith('.test.ts'));
await build({
  entryPoints: tests.map((name) => join(folder, name)),
  outdir,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
});
const built = tests.map((name) => join(outdir, name.replace(/\.ts$/, '.mjs')));
const { status } = spawnSync(
  process.execPath,
  ['--enable-source-maps', '--test', '--test-concurrency=1', ...process.argv.slice(3), ...built],
  {
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
