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

/** Serves each version's page under /v5 and /v6, with the strict policy that docs/uppy.md names. */
export async function serve(): Promise<Pages> {
  const bundles = new Map<string, string>();
  for (const version of ['v5', 'v6']) {
    const { outputFiles } = await build({
      entryPoints: [`pages/${version}/test.ts`],
      bundle: true,
      format: 'esm',
      write: false,
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    bundles.set(version, outputFiles[0]!.text);
  }
  let stack: Stack | undefined;
  const server = createServer((request, response) => {
    const [, version = '', script] = (request.url ?? '').split('/');
    const bundle = bundles.get(version);
    if (!bundle || !stack) return response.writeHead(404).end();
    if (script) return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(bundle);
    const config = JSON.stringify({ api: stack.api, token: stack.token });
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': `default-src 'none'; script-src 'self'; connect-src ${stack.api} ${stack.s3} data:`,
      })
      .end(
        `<!doctype html><title>${version}</title><script type="application/json" id="config">${config}</script>` +
          `<script type="module" src="/${version}/script.js"></script>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    configure: (running) => (stack = running),
    close: () => new Promise((resolve) => (server.close(() => resolve()), server.closeAllConnections())),
  };
}
