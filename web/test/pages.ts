import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Stack } from './stack.js';

/** The server of the tests' pages, which stands for an application's. */
export interface Pages {
  origin: string;
  configure(stack: Stack): void;
  close(): Promise<void>;
}

const trusted = "; require-trusted-types-for 'script'; trusted-types default";

/** The pages, the scripts of each, and what their policy needs beyond the API and the bucket. */
const contents = {
  v5: { scripts: { 'script.js': 'pages/v5/test.ts' }, also: ' data:' },
  v6: { scripts: { 'script.js': 'pages/v6/test.ts' }, also: ' data:' },
  client: { scripts: { 'script.js': 'pages/client/test.ts', 'worker.js': '@vouch/client/worker' }, also: trusted },
};

/** Serves each page under its name, with the strict policy that docs/uppy.md and docs/typescript.md name. */
export async function serve(): Promise<Pages> {
  const scripts = new Map<string, string>();
  for (const [name, page] of Object.entries(contents)) {
    for (const [script, entry] of Object.entries(page.scripts)) {
      const { outputFiles } = await build({
        entryPoints: [entry],
        bundle: true,
        format: 'esm',
        write: false,
        define: { 'process.env.NODE_ENV': '"production"' },
      });
      scripts.set(`/${name}/${script}`, outputFiles[0]!.text);
    }
  }
  let stack: Stack | undefined;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const name = path.slice(1);
    const script = scripts.get(path);
    if (script) return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    if (!stack || !(name in contents)) return response.writeHead(404).end();
    const { also } = contents[name as keyof typeof contents];
    const config = JSON.stringify({ api: stack.api, token: stack.token });
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': `default-src 'none'; script-src 'self'; connect-src ${stack.api} ${stack.s3}${also}`,
      })
      .end(
        `<!doctype html><title>${name}</title><script type="application/json" id="config">${config}</script>` +
          `<script type="module" src="/${name}/script.js"></script>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    configure: (running) => (stack = running),
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}
