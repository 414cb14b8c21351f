import { COUNT, type Store } from '../../store/index.ts';
import type { Connection } from './connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { Refusal } from './refusal-log.ts';

/** The time limits for silent clients; 0 means none. */
export interface SilenceOptions {
  readonly idleTimeout: number;
  readonly loginTimeout: number;
}

const INTERVAL_MS = 500;
/** A client that has received FIN closes its side within this time. */
const CLOSING_SECONDS_MAX = 30;
/** Bounds one visit, so that many connections do not delay the thread's clients. */
const CONNECTIONS_PER_VISIT_MAX = 10_000;

type WatchedConnection = Pick<
  Connection,
  'slot' | 'acceptedAt' | 'closingSince' | 'isAnonymous' | 'isIdle' | 'destroy' | 'expel'
>;

interface Parts {
  readonly connections: ReadonlySet<WatchedConnection>;
  readonly table: Pick<ConnectionTable, 'lastInputAt'>;
  readonly clock: Pick<Store['clock'], 'now'>;
  readonly counters: Pick<Store['counters'], 'add'>;
  readonly refused: (refusal: Refusal) => void;
}

/**
 * Closes the connections of a thread whose clients send nothing, do not log in, or do not close,
 * for too long.
 */
export class SilenceGuard {
  readonly #options: SilenceOptions;
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  /** The rest of the current round over all connections. */
  #rest: Iterator<WatchedConnection>;

  constructor(options: SilenceOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#rest = parts.connections.values();
  }

  start(): void {
    this.#timer = setInterval(() => this.visit(), INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Checks the next connections. */
  visit(): void {
    for (let visited = 0; visited < CONNECTIONS_PER_VISIT_MAX; visited++) {
      const { done, value } = this.#rest.next();
      if (done === true) {
        this.#rest = this.#parts.connections.values();
        return;
      }
      this.#check(value);
    }
  }

  #check(connection: WatchedConnection): void {
    const { table, clock, counters } = this.#parts;
    const { idleTimeout, loginTimeout } = this.#options;
    const now = clock.now();
    const isBeyond = (since: number, seconds: number): boolean =>
      seconds > 0 && now - since > seconds;
    if (connection.closingSince !== undefined) {
      if (isBeyond(connection.closingSince, CLOSING_SECONDS_MAX)) connection.destroy();
    } else if (connection.isAnonymous && isBeyond(connection.acceptedAt, loginTimeout)) {
      counters.add(COUNT.login_timeouts);
      this.#parts.refused('loginTimeouts');
      connection.expel('login_timeout');
    } else if (connection.isIdle && isBeyond(table.lastInputAt(connection.slot), idleTimeout)) {
      counters.add(COUNT.idle_kicks);
      connection.expel('idle_timeout');
    }
  }
}
