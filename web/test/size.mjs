// Prints what the module adds to a page, for each version of the plugin.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

for (const version of ['v6', 'v5']) {
  const contents = `export { Vouch } from './uppy/dist/vouch.js'; export { vouchS3 } from './uppy/dist/${version}.js';`;
  const stdin = { contents, resolveDir: '.' };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const bytes = outputFiles[0].contents;
  console.log(`${version}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
}
