import { FastPath } from '../../fast-path/index.ts';
import {
  createSessionContext,
  escapeUser,
  heapBuffers,
  type LoginFailureReport,
  LoginLog,
  OutputBuffers,
  RefusalLog,
  regionBuffers,
  ThreadBuffers,
  type ThreadContext,
  ThreadServer,
  UserAuthenticator,
} from '../../server/index.ts';
import { COUNT, regionByte } from '../../store/index.ts';
import { type MainVerbs, SharedControl } from '../control/shared-control.ts';
import type { NodeMemory } from '../memory.ts';
import { ReloadQueue } from '../reload-queue.ts';
import { RingLog } from '../shared/event-rings.ts';
import { Watchers } from '../shared/watchers.ts';
import { Channel } from './channel.ts';
import type { MainProcedures, ServeJob, WorkerProcedures } from './procedures.ts';
import { ThreadLog } from './thread-log.ts';
import { ThreadMeter } from './thread-meter.ts';
import { threadSamples } from './thread-samples.ts';

/** One worker thread: its sockets and sessions, and its channel to the main thread. */
export class WorkerThread {
  readonly #channel: Channel<MainProcedures, WorkerProcedures>;
  readonly #log: ThreadLog;
  readonly #server: ThreadServer;

  constructor(
    memory: NodeMemory,
    thread: number,
    { port, users, certificates }: Pick<ServeJob, 'port' | 'users' | 'certificates'>,
  ) {
    const { counters } = memory.store;
    const log = new ThreadLog(
      memory.options.verbosity,
      (lines) => channel.call('log', lines),
      (lines) => counters.add(COUNT.log_lines_dropped, lines),
    );
    takeWarnings(log);
    const logins = new LoginLog((report) => logLoginFailure(log, report));
    const refusals = new RefusalLog((counts) =>
      log.warn(counts, 'closed connections to protect the node'),
    );
    const onOverload = () => logins.overloaded();
    const authenticator = users && new UserAuthenticator(users, { onOverload });
    const events = new RingLog(memory.events, thread);
    // The channel takes a limited number of requests, which the log and `stop` need too.
    const reloads = new ReloadQueue((part) => channel.call('reload', part));
    const context = contextOf(memory, thread, {
      events,
      authenticator,
      main: {
        reload: (part) => reloads.reload(part),
        // If the channel has closed, the node stops already.
        stop: (graceful) => channel.call('stop', graceful).catch(() => {}),
      },
      log,
      refused: (refusal) => refusals.add(refusal),
      loginChecked: (slot, user, accepted) => {
        const address = memory.connections.addressOf(slot);
        if (accepted) log.debug({ address, user: escapeUser(user) }, 'a login succeeded');
        else logins.failed(address, user);
      },
    });
    const server = new ThreadServer(memory.options, context, certificates, events);
    const channel = new Channel<MainProcedures, WorkerProcedures>(port, {
      listen: (addresses) => server.listen(addresses),
      replaceUsers: (table) => authenticator?.replace(table),
      measure: () => new ThreadMeter(memory.threads, thread).start(),
      setLogLevel: (level) => log.setLevel(level),
      useCertificates: (replacement) => server.useCertificates(replacement),
      ping: () => {},
    });
    this.#log = log;
    this.#server = server;
    this.#channel = channel;
  }

  /** Drains the connections, then sends the rest of the log. */
  async end(): Promise<void> {
    await this.#server.drain();
    await this.#log.flush();
    this.#channel.close();
  }
}

/** Node.js itself would print warnings of a thread, in its own form. */
function takeWarnings(log: ThreadLog): void {
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => log.warn({ name }, message));
}

interface ThreadParts {
  readonly events: RingLog;
  readonly authenticator: UserAuthenticator | undefined;
  readonly main: MainVerbs;
  readonly log: ThreadLog;
  readonly refused: ThreadContext['refused'];
  readonly loginChecked: ThreadContext['loginChecked'];
}

function contextOf(memory: NodeMemory, thread: number, parts: ThreadParts): ThreadContext {
  const { options, store } = memory;
  const { events, authenticator, main, log, refused, loginChecked } = parts;
  const { fastPath, readBuffer, outputBuffers } = openRegion(memory, thread);
  const output = new OutputBuffers(outputBuffers);
  const rules = {
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(log.shows('trace') ? { traceLog: log } : {}),
    loginRules: { refusesText: options.saslOnly, attemptsMax: options.loginAttempts },
    flushAllowed: !options.disableFlushAll,
    dumpingAllowed: !options.disableDumping,
    watchingAllowed: !options.disableWatch,
    requestsPerTurn: options.maxReqsPerEvent,
  };
  const control = new SharedControl(memory, main);
  const session = createSessionContext(store, control, rules, output.sink, events, fastPath);
  return {
    session,
    samples: threadSamples(memory, thread, session, log),
    store,
    output,
    readBuffer,
    buffers: new ThreadBuffers(memory.buffers, thread, {
      onPaused: () => store.counters.add(COUNT.conn_memory_pauses),
      onExpelled: () => {
        store.counters.add(COUNT.conn_memory_kicks);
        refused('bufferMemory');
      },
    }),
    watchers: new Watchers(memory.events),
    table: memory.connections,
    loginChecked,
    refused,
    get debugLog() {
      return log.shows('debug') ? log : undefined;
    },
  };
}

/** The fast path of the thread, which needs the thread's buffers in the memory of the store. */
function openRegion({ share: { store, fastPath: module } }: NodeMemory, thread: number) {
  if (module === undefined) return { ...heapBuffers(), fastPath: undefined };
  const start = regionByte(store.layout, thread);
  const fastPath = new FastPath(store, module, thread, start);
  return { ...regionBuffers(store.memory, start), fastPath };
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
