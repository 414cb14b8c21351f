import { once } from 'node:events';
import type { Identity } from './certificates.ts';
import { freePort } from './ports.ts';
import { MAIN } from './program.ts';
import { OwnedProcess, type TestServer } from './server.ts';

export interface SlabringOptions {
  /** More arguments for `serve`. */
  readonly args?: readonly string[];
  /** The address to listen on. @default 127.0.0.1 */
  readonly host?: string;
  /** The port to listen on instead of a free one, such as the port of a node that has exited. */
  readonly port?: number;
  /** The path to listen on instead of a TCP port. */
  readonly unixSocket?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Serve TLS with this certificate, which this CA has issued. */
  readonly tls?: { readonly identity: Identity; readonly ca: Buffer };
  /** Arguments for Node.js, such as `--max-old-space-size=64`. */
  readonly nodeArgs?: readonly string[];
  /** A command that executes the rest of the command line, such as `['taskset', '-c', '0']`. */
  readonly commandPrefix?: readonly string[];
  /** The entry to start instead of this checkout's: another build, to compare with. */
  readonly entry?: string;
}

/** Starts a verb as a process: `startVerb(['dump', file])`. */
export function startVerb(
  args: readonly string[],
  options: Pick<SlabringOptions, 'commandPrefix' | 'nodeArgs' | 'env'> = {},
): OwnedProcess {
  const { commandPrefix = [], nodeArgs = [], env = {} } = options;
  const command = [...commandPrefix, process.execPath, ...nodeArgs, MAIN, ...args];
  return new OwnedProcess(command, { env });
}

/**
 * Starts a slabring node as a process, on a free port of 127.0.0.1 by default. Resolves when the
 * node listens.
 */
export async function startSlabring(options: SlabringOptions = {}): Promise<TestServer> {
  const {
    commandPrefix = [],
    nodeArgs = [],
    env = {},
    host = '127.0.0.1',
    entry = MAIN,
    unixSocket,
    tls,
  } = options;
  const tlsArgs =
    tls === undefined
      ? []
      : ['-Z', '-o', `ssl_chain_cert=${tls.identity.cert},ssl_key=${tls.identity.key}`];
  const args = [...tlsArgs, ...(options.args ?? [])];
  const port = unixSocket === undefined ? (options.port ?? (await freePort())) : 0;
  const listenArgs =
    unixSocket === undefined ? ['-l', host, '-p', String(port)] : ['-s', unixSocket];
  const command = [
    ...commandPrefix,
    process.execPath,
    ...nodeArgs,
    entry,
    'serve',
    ...listenArgs,
    ...args,
  ];
  const owned = new OwnedProcess(command, { ipc: true, env });
  try {
    await owned.failOnExit(untilListening(owned));
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
