import { ByteSink } from '../../src/base/index.ts';
import type { EventLog, NodeView } from '../../src/commands/index.ts';
import { createSessionTools, PAUSE, Session } from '../../src/server/session.ts';
import { createStore, Store, type StoreOptions, type StoreShare } from '../../src/store/index.ts';

/** A node to ask for `stats`, where there is no server. */
const NODE: NodeView = {
  pid: 1,
  version: 'test',
  maxConnections: 1,
  threads: 1,
  readBufferBytes: 0,
  uptimeSeconds: () => 0,
  timeSeconds: () => 0,
  currentConnections: () => 1,
  connectionStructures: () => 1,
  acceptingConnections: () => true,
  settings: () => [],
  connections: () => [],
  prefixes: { enabled: false, count: () => {}, clear: () => {}, dump: () => {} },
  mayShutDown: false,
  shutDown: () => {},
  config: {
    get: () => undefined,
    set: () => false,
    delete: () => false,
    list: () => [],
  },
  refreshCertificates: () => undefined,
  secondsSinceCertificates: () => undefined,
  setVerbosity: () => {},
};

const NO_LOG: EventLog = { watched: 0, cfd: 0, tell: () => {} };

/** A small store for tests; no more than a few megabytes unless told. */
export function testShare(options: Partial<StoreOptions> = {}): StoreShare {
  return createStore({
    memoryLimitBytes: 8 << 20,
    threads: 1,
    slabGrowthFactor: 1.25,
    slabMinSizeBytes: 48,
    maxItemSizeBytes: 1 << 20,
    slabChunkMaxBytes: 1 << 19,
    hashSeed: 7,
    ...options,
  });
}

export interface Fed {
  readonly reply: string;
  /** Up to which byte the input is understood. */
  readonly consumed: number;
  readonly pause: number;
}

/** A session on a real store, without a socket: bytes in, bytes out. */
export class Talker {
  readonly store: Store;
  readonly session: Session;
  readonly sink = new ByteSink(64 * 1024);
  #reply = '';

  constructor(
    share: StoreShare,
    thread = 0,
    requestsPerTurn = 1_000_000,
    flushAllowed = true,
    log = NO_LOG,
  ) {
    this.store = new Store(share, thread);
    const rules = {
      flushAllowed,
      dumpingAllowed: true,
      requestsPerTurn,
      watchingAllowed: false,
    };
    const tools = createSessionTools(this.store, NODE, rules, this.sink, log);
    this.session = new Session(tools, {
      flush: () => this.#take(),
      id: 0,
      watch: () => false,
      wake: () => {},
      loginFailed: () => {},
    });
  }

  /** Says whole requests and returns the reply, however many turns that takes. */
  say(text: string): string {
    return this.feedAll(Buffer.from(text, 'latin1')).reply;
  }

  /** Feeds bytes, and lets the session go on after each turn. */
  feedAll(bytes: Buffer): Fed {
    let reply = '';
    for (let at = 0; ; ) {
      const fed = this.feed(bytes, at);
      at = fed.consumed;
      reply += fed.reply;
      if (fed.pause !== PAUSE.turnOver) return { ...fed, reply };
    }
  }

  /** Feeds bytes, from `start` on, as far as the session takes them in one turn. */
  feed(bytes: Buffer, start = 0): Fed {
    const pause = this.session.advance(bytes, start, bytes.length);
    this.#take();
    const reply = this.#reply;
    this.#reply = '';
    return { reply, consumed: this.session.at, pause };
  }

  /** Feeds pieces as a connection would, carrying over what was not understood. */
  feedPieces(pieces: readonly Buffer[]): string {
    let carry = Buffer.alloc(0);
    let reply = '';
    for (const piece of pieces) {
      carry = Buffer.concat([carry, piece]);
      const fed = this.feedAll(carry);
      reply += fed.reply;
      carry = Buffer.from(carry.subarray(fed.consumed));
      if (fed.pause === PAUSE.closing) return `${reply}<closed>`;
    }
    return reply;
  }

  #take(): boolean {
    this.#reply += this.sink.bytes.toString('latin1', 0, this.sink.at);
    this.sink.at = 0;
    return true;
  }
}
