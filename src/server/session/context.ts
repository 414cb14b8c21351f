import { ByteSink, type Logger } from '../../base/index.ts';
import {
  type CommandRules,
  type Commands,
  createCommands,
  type EventLog,
  type NodeControl,
} from '../../commands/index.ts';
import type { FastPath } from '../../fast-path/index.ts';
import {
  BinaryDecoder,
  BinaryReplies,
  ClassicDecoder,
  ClassicReplies,
  DIALECT,
  MetaReplies,
  type ReplyWriter,
  type Request,
} from '../../protocol/index.ts';
import type { Store } from '../../store/index.ts';
import {
  type Authenticator,
  DEFAULT_LOGIN_RULES,
  type LoginRules,
  NO_LOGIN_REQUIRED,
} from '../auth/authenticator.ts';
import type { SessionCluster } from './cluster-seat.ts';
import { FastServing } from './fast-serving.ts';
import { ForwardBudgets } from './forward-budget.ts';
import { LateReplies } from './late-replies.ts';
import { PipelineLookAhead } from './pipeline-look-ahead.ts';
import { RequestPool } from './request-pool.ts';
import { RequestTrace } from './request-trace.ts';
import { ValueSizes } from './value-sizes.ts';

const ECHO_BYTES_MAX = 1024;
/** The session flushes its output beyond this size before it serves the next request. */
export const OUTPUT_BYTES_PER_STEP = 64 * 1024;

/** Answers the simple requests of a session. */
type FastRequests = Pick<FastServing, 'at' | 'requestsLeft' | 'begin' | 'serve'>;

/** What the sessions of one thread in a cluster share. */
export interface ClusterContext extends SessionCluster {
  readonly late: LateReplies;
  readonly sizes: ValueSizes;
  readonly budgets: ForwardBudgets;
}

/**
 * The parts that the sessions of one thread share. Sessions take turns, so one of each suffices.
 */
export interface SessionContext extends Commands {
  readonly store: Store;
  readonly text: ClassicDecoder;
  readonly binary: BinaryDecoder;
  readonly requests: RequestPool;
  readonly classicReplies: ClassicReplies;
  readonly metaReplies: MetaReplies;
  readonly binaryReplies: BinaryReplies;
  readonly sink: ByteSink;
  readonly authenticator: Authenticator;
  readonly loginRules: LoginRules;
  readonly log: EventLog;
  /** Undefined unless the log shows requests (`-vvv`). */
  readonly trace: RequestTrace | undefined;
  /** Undefined if JavaScript serves every request. */
  readonly fast: FastRequests | undefined;
  /** For a node without the fast path. */
  readonly pipeline: PipelineLookAhead;
  /** Undefined if the node is in no cluster. */
  readonly cluster: ClusterContext | undefined;
  readonly flushAllowed: boolean;
  readonly watchingAllowed: boolean;
  /**
   * The requests of one connection that the thread serves in one turn (`-R`). A get counts as many
   * requests as it has keys.
   */
  readonly requestsPerTurn: number;
}

/** The options of a node that its sessions obey. */
interface SessionRules extends CommandRules {
  readonly requestsPerTurn: number;
  readonly watchingAllowed: boolean;
  readonly authenticator?: Authenticator;
  readonly loginRules?: LoginRules;
  /** Logs every request. */
  readonly traceLog?: Logger;
}

/** What a session needs from the owner of its socket. */
export interface SessionHost {
  /** Sends the written output; returns false if the client does not read it. */
  readonly flush: () => boolean;
  /** After `PAUSE.awaiting`: the promise has settled, call `advance` again. */
  readonly wake: () => void;
  /**
   * In a cluster: something has come that replies or the session wait for. Send the replies that
   * may leave, and call `advance` again if the session paused for it and may go on.
   */
  readonly replied: () => void;
  /** The number of the connection in `stats conns`. */
  readonly id: number;
  /** What the client may send; with `auto` its first byte decides. */
  readonly protocol: 'auto' | 'ascii' | 'binary';
  /**
   * Subscribes the client to these event streams; returns false if the node has too many watchers.
   */
  readonly watch: (streams: number) => boolean;
  /** Reports a login of the user that the client named. */
  readonly loginChecked: (user: string, accepted: boolean) => void;
}

/** The reply writer of the request's dialect. */
export function repliesTo(context: SessionContext, request: Request): ReplyWriter {
  if (request.dialect === DIALECT.classic) return context.classicReplies;
  return request.dialect === DIALECT.meta ? context.metaReplies : context.binaryReplies;
}

export function createSessionContext(
  store: Store,
  node: NodeControl,
  rules: SessionRules,
  sink: ByteSink,
  log: EventLog,
  fastPath?: FastPath,
  cluster?: SessionCluster,
): SessionContext {
  const mayUseFastPath = fastPath !== undefined && rules.traceLog === undefined;
  return {
    ...createCommands(store, node, rules, log),
    store,
    log,
    text: new ClassicDecoder(),
    binary: new BinaryDecoder(),
    requests: new RequestPool(),
    classicReplies: new ClassicReplies(sink),
    metaReplies: new MetaReplies(sink, new ByteSink(ECHO_BYTES_MAX)),
    binaryReplies: new BinaryReplies(sink),
    sink,
    authenticator: rules.authenticator ?? NO_LOGIN_REQUIRED,
    loginRules: rules.loginRules ?? DEFAULT_LOGIN_RULES,
    trace: rules.traceLog && new RequestTrace(rules.traceLog, { store, sink, events: log }),
    pipeline: new PipelineLookAhead(store.items.lookAhead),
    fast: mayUseFastPath
      ? new FastServing(fastPath, sink, log, node, OUTPUT_BYTES_PER_STEP, cluster?.seat)
      : undefined,
    cluster: cluster && {
      ...cluster,
      late: new LateReplies(),
      sizes: new ValueSizes(),
      budgets: new ForwardBudgets(),
    },
    flushAllowed: rules.flushAllowed,
    watchingAllowed: rules.watchingAllowed,
    requestsPerTurn: rules.requestsPerTurn,
  };
}
