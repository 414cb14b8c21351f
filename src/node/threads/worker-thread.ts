import {
  escapeUser,
  type LoginFailureReport,
  LoginLog,
  RefusalLog,
  ThreadServer,
  UserAuthenticator,
  type UserTable,
} from '../../server/index.ts';
import { COUNT } from '../../store/index.ts';
import type { MainVerbs } from '../control/shared-control.ts';
import type { NodeMemory } from '../memory.ts';
import { ReloadQueue } from '../reload-queue.ts';
import { RingLog } from '../shared/event-rings.ts';
import { Channel } from './channel.ts';
import type { MainProcedures, ServeJob, WorkerProcedures } from './procedures.ts';
import type { OpenThreadCluster, ThreadCluster } from './thread-cluster.ts';
import { ThreadLog } from './thread-log.ts';
import { ThreadMeter } from './thread-meter.ts';
import { clusterHost, contextOf, openRegion, sessionCluster } from './thread-parts.ts';

/** One worker thread: its sockets and sessions, and its channel to the main thread. */
export class WorkerThread {
  readonly #channel: Channel<MainProcedures, WorkerProcedures>;
  readonly #cluster: ThreadCluster | undefined;
  readonly #log: ThreadLog;
  readonly #server: ThreadServer;

  constructor(
    memory: NodeMemory,
    thread: number,
    { port, users, certificates }: Pick<ServeJob, 'port' | 'users' | 'certificates'>,
    openCluster: OpenThreadCluster | undefined,
  ) {
    const { counters } = memory.store;
    const log = new ThreadLog(
      memory.options.verbosity,
      (lines) => channel.call('log', lines),
      (lines) => counters.add(COUNT.log_lines_dropped, lines),
    );
    takeWarnings(log);
    const events = new RingLog(memory.events, thread);
    // The channel takes a limited number of requests, which the log and `stop` need too.
    const reloads = new ReloadQueue((part) => channel.call('reload', part));
    const main: MainVerbs = {
      reload: (part) => reloads.reload(part),
      // If the channel has closed, the node stops already.
      stop: (graceful) => channel.call('stop', graceful).catch(() => {}),
    };
    const tell = (message: unknown): Promise<unknown> => channel.call('tellCluster', message);
    const parts = { events, main, log };
    const region = openRegion(memory, thread);
    const cluster = openCluster?.({ ...clusterHost(memory, thread, region, parts), tell });
    const guards = guardsOf(memory, log, users);
    const context = contextOf(memory, thread, region, {
      ...parts,
      ...guards,
      cluster: cluster && sessionCluster(memory, parts, cluster),
    });
    const server = new ThreadServer(memory.options, context, certificates, events);
    const channel = new Channel<MainProcedures, WorkerProcedures>(port, {
      listen: async (addresses) => {
        await cluster?.start();
        return server.listen(addresses);
      },
      replaceUsers: (table) => guards.authenticator?.replace(table),
      measure: () => new ThreadMeter(memory.threads, thread).start(),
      setLogLevel: (level) => log.setLevel(level),
      useCertificates: (replacement) => server.useCertificates(replacement),
      ping: () => {},
      adoptCluster: (argument) => cluster?.adopt(argument),
      reportCluster: (argument) => cluster?.report(argument),
    });
    this.#cluster = cluster;
    this.#log = log;
    this.#server = server;
    this.#channel = channel;
  }

  /** Drains the connections, then sends the rest of the log. */
  async end(): Promise<void> {
    await this.#server.drain();
    await this.#cluster?.end();
    await this.#log.flush();
    this.#channel.close();
  }
}

/** Node.js itself would print warnings of a thread, in its own form. */
function takeWarnings(log: ThreadLog): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ name }, message));
}

/** What checks and reports logins, and reports what the node refuses. */
function guardsOf(memory: NodeMemory, log: ThreadLog, users: UserTable | undefined) {
  const logins = new LoginLog((report) => logLoginFailure(log, report));
  const refusals = new RefusalLog((counts) =>
    log.warn(counts, 'closed connections to protect the node'),
  );
  const onOverload = () => logins.overloaded();
  return {
    authenticator: users && new UserAuthenticator(users, { onOverload }),
    refused: refusals.add.bind(refusals),
    loginChecked: (slot: number, user: string, accepted: boolean) => {
      const address = memory.connections.addressOf(slot);
      if (accepted) log.debug({ address, user: escapeUser(user) }, 'a login succeeded');
      else logins.failed(address, user);
    },
  };
}

function logLoginFailure(log: ThreadLog, report: LoginFailureReport): void {
  if (report.kind === 'loginFailed') {
    const { address, user } = report;
    log.warn({ address, user }, 'a login failed');
  } else {
    const { unreported, overloads } = report;
    log.warn({ unreported, overloads }, 'more logins failed');
  }
}
