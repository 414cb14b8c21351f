import { fileURLToPath } from 'node:url';
import {
  CodedError,
  ineffectiveOptions,
  type ProcessLog,
  type ValuesOf,
} from '../../base/index.ts';
import type { Renewal } from '../../cluster/index.ts';
import {
  openFilesLimit,
  openFilesNeeded,
  type RunningNode,
  type ServerOptions,
  type StartExtras,
  serverRules,
} from '../../node/index.ts';
import { adminRules } from '../options/admin-options.ts';
import { joinRules } from '../options/join-options.ts';
import { snapshotRules } from '../options/snapshot-options.ts';
import { type AdminNode, type AdminPort, openAdminPort } from '../process/admin-port.ts';
import { startDaemon } from '../process/daemon.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { assumeUser } from '../process/identity.ts';
import {
  KERNEL_SETTING,
  whyNoLargeFastPath,
  whyNoLargePages,
  withLargePages,
} from '../process/large-pages.ts';
import { runWithLog } from '../process/log.ts';
import {
  memoryArgument,
  type NodeJoin,
  NodeMembership,
  openMembership,
} from '../process/membership.ts';
import { waitForEnd } from '../process/node-end.ts';
import { type PidFile, writePidFile } from '../process/pid-file.ts';
import { raiseCoreFiles, raiseOpenFiles } from '../process/raise-limits.ts';
import { openServiceManager } from '../process/service-manager.ts';
import { scheduleSnapshots } from '../process/snapshot-schedule.ts';
import { listenForStop, type StopRequest } from '../process/stop-request.ts';
import { startWarm } from '../process/warm-start.ts';
import { nextCommands } from '../terminal/next-steps.ts';
import {
  openToEverybody,
  type StartedNode,
  startFacts,
  startLine,
} from '../terminal/serve-page.ts';
import { defineVerb, type Verb } from '../verb.ts';
import { serveFlags } from './serve-flags.ts';

/** A started node, as signals control it. */
export type ServedNode = Pick<
  RunningNode,
  'addresses' | 'ended' | 'fastPath' | 'checkThreads' | 'cluster'
> &
  AdminNode;

export type StartNode = (options: ServerOptions, extras: StartExtras) => Promise<ServedNode>;

type ServeOptions = ValuesOf<typeof serveFlags>;

const LICENSE = fileURLToPath(new URL('../../../LICENSE', import.meta.url));

/** `slabring serve`: one node. */
export function serveVerb(startNode: StartNode): Verb {
  return defineVerb({
    name: 'serve',
    summary: 'run one cache node',
    description:
      'Runs one cache node with the options of memcached, in the foreground unless -d is set.\n' +
      'SIGTERM, SIGINT and SIGUSR1 drain the node: it stops accepting connections, sends the ' +
      'pending replies and ends. On SIGHUP it reloads its users and certificates.',
    flags: serveFlags,
    hasLog: true,
    rules: [...serverRules, ...adminRules, ...joinRules, ...snapshotRules],
    examples: [
      { command: 'slabring serve', effect: '64 MB, port 11211 on all interfaces' },
      { command: 'slabring serve -m 1024 -t 8 -l 127.0.0.1', effect: '1 GB, 8 threads' },
      { command: 'slabring serve -s /tmp/cache.sock -a 770', effect: 'on a Unix socket' },
    ],
    async run(options, host) {
      return options.license ? printLicense(host) : runNode(startNode, options, host);
    },
  });
}

type JoinNode = (log: ProcessLog) => NodeJoin;

/** Runs a node until it is stopped; resolves with the exit code of its process. */
export async function runNode(
  startNode: StartNode,
  options: ServeOptions,
  host: Host,
  join: JoinNode = (log) =>
    new NodeMembership(options, log, () => openMembership(options, host, log)),
): Promise<number> {
  if (options.daemon && host.supervisor === undefined) return daemonize(options, host);
  return runWithLog(options, host, async (log) => {
    if (options.largePages) enableLargePages(host, log);
    if (!options.daemon) for (const text of warningsOf(options, host)) log.warn({}, text);
    raiseLimits(options, log);
    const end = await serveUntilStop(startNode, options, host, log, join(log));
    if (typeof end === 'number') return end;
    if (end.isByService === true) return EXIT.restart;
    // A supervisor starts another process when this one has ended.
    if (host.supervisor === undefined) host.reexec(host.env, memoryArgument(end));
    return EXIT.failed;
  });
}

/** The command shows warnings and a failure as every verb does; the log is that of the node. */
async function daemonize(options: ServeOptions, host: Host): Promise<number> {
  for (const text of warningsOf(options, host)) host.err(text);
  await startDaemon(options.verbosity > 0);
  return EXIT.ok;
}

/** A supervisor says itself who may use its nodes. */
function warningsOf(options: ServeOptions, { supervisor }: Host): string[] {
  const open = supervisor === undefined ? openToEverybody(options) : undefined;
  return [...ineffectiveOptions(serveFlags, options), ...(open === undefined ? [] : [open])];
}

/** Whether a person sees what the node prints: logs of services have no use for advice. */
function isWatched({ daemon, json }: ServeOptions, { columns, supervisor }: Host): boolean {
  return columns !== undefined && supervisor === undefined && !daemon && !json;
}

/** Runs the node until a signal, its supervisor or its cluster stops it; it may begin again. */
async function serveUntilStop(
  startNode: StartNode,
  options: ServeOptions,
  host: Host,
  log: ProcessLog,
  membership: NodeJoin,
): Promise<number | Renewal> {
  const stop = listenForStop(host);
  // Handle SIGHUP from the start: without a handler it would end a node that is still starting.
  let reload = (): void => {};
  const onHangUp = (): void => reload();
  host.events.on('SIGHUP', onHangUp);
  let pidFile: PidFile | undefined;
  let admin: AdminPort | undefined;
  const service = openServiceManager(host, log);
  try {
    const node = await reportFailure(host, async () => {
      const joined = await membership.extras();
      admin = await openAdminPort(options, log, host.env);
      const extras = { ...joined, log, assumeUser: () => assumeUser(options.user) };
      return startWarm(startNode, options, extras, { stop, supervisor: host.supervisor });
    });
    admin?.attach(node, membership);
    reload = () => void Promise.all([node.control.reload('all'), admin?.reload()]);
    if (options.largePages && node.fastPath.kind !== 'off') checkFastPathPages(host, log);
    if (options.pidFile !== '') {
      pidFile = writePidFile(options.pidFile, (text) => log.warn({ file: options.pidFile }, text));
    }
    const started = { ...node, adminUrl: admin?.url, proxied: membership.proxied };
    showStart(options, started, host, log);
    const peerPort = membership.follow(node, () => factsOf(node));
    tellSupervisor(host, stop, node, { adminUrl: admin?.url, peerPort });
    // A daemon outlives the process that started it.
    if (options.daemon) stop.ignoreDisconnect();
    service.ready(startLine(options, started));
    service.watch(() => node.checkThreads());
    const stopSnapshots = await scheduleSnapshots(options, node, log);
    const code = await waitForEnd(node, { stop, service, membership }, log);
    stopSnapshots();
    await membership.end();
    // After a bug the process must end at once.
    if (code !== EXIT.bug) await admin?.close();
    return code;
  } finally {
    pidFile?.remove();
    host.events.off('SIGHUP', onHangUp);
    stop.dispose();
    service.close();
  }
}

/** The node listens; from here on it answers the questions of its supervisor. */
function tellSupervisor(
  { supervisor }: Host,
  stop: StopRequest,
  node: ServedNode,
  ports: { readonly adminUrl: string | undefined; readonly peerPort: number | undefined },
): void {
  supervisor?.send({ type: 'listening', addresses: node.addresses, ...ports });
  stop.onQuestion(() => supervisor?.send({ type: 'facts', ...factsOf(node) }));
}

/** What a restart of the node has to keep. */
const factsOf = ({ view }: ServedNode) => ({
  items: view.itemCount(),
  bytes: view.total('memRequested'),
  memoryLimitBytes: view.memoryLimitBytes(),
});

/** A terminal shows the start as a page; elsewhere it is a line of the log. */
function showStart(options: ServeOptions, started: StartedNode, host: Host, log: ProcessLog): void {
  const line = startLine(options, started);
  const facts = startFacts(options, started);
  if (options.json) {
    host.out(JSON.stringify({ pid: process.pid, ...facts }));
    log.announce(facts, line, () => {});
  } else if (host.columns === undefined) {
    log.announce(facts, line, host.out);
  } else {
    host.out(line);
    log.announce(facts, line, host.terminal === undefined ? undefined : () => {});
    if (isWatched(options, host)) host.out(`\n${nextCommands(started.addresses, options, host)}`);
  }
}

/** Raises the limits of the process, as far as the system allows it. */
function raiseLimits(options: ServeOptions, log: ProcessLog): void {
  const needed = openFilesNeeded(options);
  // If the system does not allow it, the start of the node fails with the reason.
  if (openFilesLimit() < needed) raiseOpenFiles(needed);
  if (options.coreDumps && !raiseCoreFiles()) {
    log.warn({}, '-r (--enable-coredumps) has no effect: the system does not allow it.');
  }
}

function printLicense(host: Host): number {
  host.out(host.readFileIfPresent(LICENSE) ?? 'MIT License');
  return EXIT.ok;
}

/** Re-executes the process with large pages, unless it has them already. */
function enableLargePages(host: Host, log: ProcessLog): void {
  const env = withLargePages(host.env);
  if (env === undefined) return;
  const reason =
    host.supervisor === undefined
      ? whyNoLargePages(host.readFileIfPresent(KERNEL_SETTING))
      : 'a supervised node cannot change its environment; set GLIBC_TUNABLES for its supervisor';
  if (reason === undefined) host.reexec(env);
  else log.warn({}, withoutLargePages(reason));
}

/** V8 itself maps the memory of the fast path, so the tunable of glibc has no effect on it. */
function checkFastPathPages(host: Host, log: ProcessLog): void {
  const reason = whyNoLargeFastPath(host.readFileIfPresent(KERNEL_SETTING));
  if (reason !== undefined) log.warn({}, withoutLargePages(reason));
}

const withoutLargePages = (reason: string): string =>
  `The node runs without large memory pages (-L): ${reason}.`;

/** Tells the supervisor why the start failed, if it does. */
async function reportFailure<T>(host: Host, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof CodedError)
      host.supervisor?.send({ type: 'failed', code: error.code, message: error.message });
    throw error;
  }
}
