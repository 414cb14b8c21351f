import { CodedError, flag, integer, type Logger } from '../base/index.ts';
import {
  createLogger,
  type ListenAddress,
  type NodeHandle,
  type ServerOptions,
  serverFlags,
  serverRules,
} from '../server/index.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import type { Host } from './host.ts';
import { KERNEL_SETTING, whyNoLargePages, withLargePages } from './large-pages.ts';
import { listenForStop, type StopRequest } from './stop-request.ts';
import { defineVerb, type Verb } from './verb.ts';

export type StartNode = (options: ServerOptions, extras: { log: Logger }) => Promise<NodeHandle>;

const serveFlags = {
  ...serverFlags,
  largePages: flag({
    short: 'L',
    long: 'enable-largepages',
    doc: 'Ask the kernel for large memory pages (Linux with glibc); without them it goes on as usual, and says so.',
  }),
  udpPort: integer({
    short: 'U',
    default: 0,
    min: 0,
    max: 0,
    must: '0: slabring does not offer UDP',
    doc: 'UDP port; only 0 (off), because slabring does not offer UDP.',
  }),
};

/** `slabring serve`: one node in the foreground. */
export function serveVerb(startNode: StartNode): Verb {
  return defineVerb({
    name: 'serve',
    summary: 'run one cache node in the foreground',
    about:
      'Runs one cache node in the foreground, with the options of memcached.\n' +
      'SIGTERM, SIGINT and SIGUSR1 drain it: no new connections, commands in flight are answered.\n' +
      'SIGHUP reads its users and certificates again.',
    flags: serveFlags,
    rules: serverRules,
    examples: [
      { command: 'slabring serve', does: 'a node with 64 MB on port 11211 of all interfaces' },
      { command: 'slabring serve -m 1024 -t 8 -l 127.0.0.1', does: 'one with 1 GB and 8 threads' },
      { command: 'slabring serve -s /tmp/cache.sock -a 770', does: 'one on a Unix socket' },
    ],
    async run({ udpPort: _, largePages, ...options }, host) {
      if (largePages) enlargePages(host);
      const stop = listenForStop(host);
      // From the start: nobody who asks for a reload means to end a node that is on its way up.
      let reload = (): void => {};
      const onHangUp = (): void => reload();
      host.events.on('SIGHUP', onHangUp);
      try {
        const node = await start(startNode, options, host);
        reload = () => void node.reload();
        for (const address of node.addresses) host.out(`Listening on ${addressText(address)}`);
        host.supervisor?.tell({ type: 'listening', addresses: node.addresses });
        return await untilEnd(node, stop, host);
      } finally {
        host.events.off('SIGHUP', onHangUp);
        stop.dispose();
      }
    },
  });
}

/** Goes on as a process that has them, if it is not one already. */
function enlargePages(host: Host): void {
  const env = withLargePages(host.env);
  if (env === undefined) return;
  const reason =
    host.supervisor === undefined
      ? whyNoLargePages(host.readIfThere(KERNEL_SETTING))
      : 'a supervised node has the environment that it was given (GLIBC_TUNABLES)';
  if (reason === undefined) host.startAgain(env);
  else host.err(`No large memory pages (-L): ${reason}.`);
}

async function start(
  startNode: StartNode,
  options: ServerOptions,
  host: Host,
): Promise<NodeHandle> {
  try {
    return await startNode(options, { log: createLogger({ verbosity: options.verbosity }) });
  } catch (error) {
    if (error instanceof CodedError)
      host.supervisor?.tell({ type: 'failed', code: error.code, message: error.message });
    throw error;
  }
}

/** Whichever comes first decides the exit code; the process must then end at once. */
function untilEnd(node: NodeHandle, stop: StopRequest, host: Host): Promise<number> {
  const drained = stop.first.then(() => node.stop()).then(() => EXIT.ok);
  const broken = node.ended.then(
    () => EXIT.ok,
    (error: unknown) => {
      host.err(`The node ended by a bug: ${error instanceof Error ? error.stack : String(error)}`);
      return EXIT.bug;
    },
  );
  return Promise.race([broken, drained, stop.again.then(exitCodeOf)]);
}

export function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return address.path;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
