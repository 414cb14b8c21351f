import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Identity } from './certificates.ts';
import { freePort } from './ports.ts';
import { OwnedProcess, type TestServer } from './server.ts';

/** The command line's entry, as `node src/cli/main.ts` runs it. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface SlabringOptions {
  /** More arguments of `serve`. */
  readonly args?: readonly string[];
  /** Listen on this address. @default 127.0.0.1 */
  readonly host?: string;
  /** Listen on this port instead of a free one: where a node was that has ended. */
  readonly port?: number;
  /** Listen on this path instead of a TCP port. */
  readonly unixSocket?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Speak TLS with this certificate, of that CA. */
  readonly tls?: { readonly identity: Identity; readonly ca: Buffer };
  /** Arguments of Node.js itself, such as `--max-old-space-size=64`. */
  readonly nodeArgs?: readonly string[];
  /** A command that runs the rest in its place, such as `['taskset', '-c', '0']`. */
  readonly under?: readonly string[];
}

/** Starts one of our nodes as a process of its own, by default on a free port of 127.0.0.1; resolves when it listens. */
export async function startSlabring(options: SlabringOptions = {}): Promise<TestServer> {
  const { under = [], nodeArgs = [], env = {}, host = '127.0.0.1', unixSocket, tls } = options;
  const secure =
    tls === undefined
      ? []
      : ['-Z', '-o', `ssl_chain_cert=${tls.identity.cert},ssl_key=${tls.identity.key}`];
  const args = [...secure, ...(options.args ?? [])];
  const port = unixSocket === undefined ? (options.port ?? (await freePort())) : 0;
  const where = unixSocket === undefined ? ['-l', host, '-p', String(port)] : ['-s', unixSocket];
  const command = [...under, process.execPath, ...nodeArgs, MAIN, 'serve', ...where, ...args];
  const owned = new OwnedProcess(command, { ipc: true, env });
  try {
    await owned.unlessItEnds(untilListening(owned));
  } catch (error) {
    await owned.stop();
    throw error;
  }
  const ca = tls === undefined ? {} : { ca: tls.ca };
  const address = unixSocket === undefined ? { host, port, ...ca } : { path: unixSocket };
  const stop = () => owned.stop();
  return { name: 'slabring', host, port, pid: owned.pid, address, process: owned, stop };
}

async function untilListening(owned: OwnedProcess): Promise<void> {
  for (;;) {
    const [message] = (await once(owned.child, 'message')) as [unknown];
    if (isListening(message)) return;
  }
}

function isListening(message: unknown): boolean {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'listening'
  );
}
