import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The whole of Vouch on this machine (docs/local.md). */
export interface Stack {
  api: string;
  s3: string;
  /** Alice's. */
  token: string;
  /** Somebody's, with these groups or scopes, each separated by spaces. */
  tokenOf(subject: string, of: { groups?: string; scopes?: string }): Promise<string>;
  /** The secrets that the functions sign with, by the access key's id. */
  secrets: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

const root = resolve('..');
const binary = join(root, '.vouch/bin/vouch-local');

/** Starts a stack for the pages of an origin, or for its own page. */
export async function startStack(origin?: string): Promise<Stack> {
  const dir = await mkdtemp(join(tmpdir(), 'vouch-web-'));
  const [api, s3, aws] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`) as [string, string, string];
  const where = ['-dir', dir, '-api', api];
  const options = ['-s3', s3, '-aws', aws, ...(origin ? ['-origins', origin] : [])];
  const stack = spawn(binary, ['run', ...where, ...options], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(stack, 'exit');
  const close = async () => {
    if (stack.exitCode === null) stack.kill('SIGTERM');
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  // Its first words are that it runs.
  if ((await Promise.race([once(stack.stdout, 'data'), ended.then(() => undefined)])) === undefined) {
    await close();
    throw new Error('the stack does not start');
  }
  stack.stdout.resume();
  const print = async (...of: string[]) =>
    (await promisify(execFile)(binary, ['token', ...of, ...where], { cwd: root })).stdout.trim();
  const tokenOf: Stack['tokenOf'] = (subject, of) =>
    print('-sub', subject, ...Object.entries(of).flatMap(([name, value]) => [`-${name}`, value]));
  const token = await print();
  const keys: Record<string, { id: string; secret: string }> = JSON.parse(
    await readFile(join(dir, 'access-keys.json'), 'utf8'),
  );
  const secrets = new Map(Object.values(keys).map(({ id, secret }) => [id, secret]));
  return { api: `http://${api}`, s3: `http://${s3}`, token, tokenOf, secrets, close };
}

/** Ports that are free now, and differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
