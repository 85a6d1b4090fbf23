// Prints what the modules add to a page: that for Uppy by the plugin's version, and
// the client with its worker, which is loaded for files above 4 MiB only.
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const uppy = (version) =>
  `export { Vouch } from './uppy/dist/vouch.js'; export { vouchS3 } from './uppy/dist/${version}.js';`;
const modules = {
  v6: uppy('v6'),
  v5: uppy('v5'),
  client: `export * from './client/dist/index.js';`,
  worker: `import './client/dist/hash/worker.js';`,
};
for (const [name, contents] of Object.entries(modules)) {
  const stdin = { contents, resolveDir: '.' };
  const { outputFiles } = await build({
    stdin,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    external: name === 'client' ? ['./digest.js'] : [], // by which what is not a browser hashes
  });
  const bytes = outputFiles[0].contents;
  console.log(`${name}: ${bytes.length} bytes, ${gzipSync(bytes, { level: 9 }).length} gzipped`);
}
