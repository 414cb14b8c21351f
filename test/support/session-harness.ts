import { ByteSink } from '../../src/base/index.ts';
import type { EventLog, NodeControl } from '../../src/commands/index.ts';
import { createSessionContext } from '../../src/server/session/context.ts';
import { Session } from '../../src/server/session/session.ts';
import { PAUSE } from '../../src/server/session/states.ts';
import { assemble, type StoreParts } from '../../src/store/assemble.ts';
import { doorsOf } from '../../src/store/doors.ts';
import { createStore, type Store, type StoreShare } from '../../src/store/index.ts';

/** The control of a node, in tests without a server. */
export const TEST_CONTROL: NodeControl = {
  facts: {
    pid: 1,
    version: 'test',
    packageVersion: '0.0.0',
    maxConnections: 1,
    maxConnMemoryBytes: 1,
    threads: 1,
    fastPath: 'off',
    readBufferBytes: 0,
    shutdownAllowed: false,
    clusterEntryClosed: false,
  },
  config: {
    get: () => undefined,
    set: () => 'full',
    delete: () => false,
    names: () => [],
    count: () => 0,
  },
  prefixes: { enabled: false, count: () => {}, clear: () => {}, dump: () => -1 },
  health: () => ({
    state: 'serving',
    uptimeSeconds: 0,
    timeSeconds: 0,
    currentConnections: 1,
    peakConnections: 1,
    connMemoryBytes: 0,
    certificateSeconds: undefined,
  }),
  eventCounts: () => ({ written: 0, gaps: 0, sent: 0, watchers: 0 }),
  connections: () => [],
  connectionIdsEnd: () => 0,
  settings: () => [],
  tunable: () => 0,
  tune: () => 'done',
  resizeMemory: () => 'done',
  movePage: () => 'done',
  crawl: () => 'done',
  setVerbosity: () => {},
  reload: () => Promise.resolve(undefined),
  stop: () => Promise.resolve(),
};

const SILENT_LOG: EventLog = { watchedStreams: 0, cfd: 0, publish: () => {} };

/** The options of a new store. */
export type StoreOptions = Parameters<typeof createStore>[0];

/** Creates a small store for tests: 8 MiB unless `options` says otherwise. */
export function testShare(options: Partial<StoreOptions> = {}): StoreShare {
  return createStore({
    memoryLimitBytes: 8 << 20,
    threads: 1,
    slabGrowthFactor: 1.25,
    slabMinSizeBytes: 48,
    maxItemSizeBytes: 1 << 20,
    slabChunkMaxBytes: 1 << 19,
    hashKey: { low: 7, high: 0 },
    ...options,
  });
}

export interface FeedResult {
  readonly reply: string;
  /** How many bytes of the input the session has decoded. */
  readonly consumedBytes: number;
  readonly pause: number;
}

/** Runs a session on a real store without a socket: bytes in, bytes out. */
export class SessionHarness {
  /** The parts of the store, for checks that no door offers. */
  readonly parts: StoreParts;
  readonly store: Store;
  readonly session: Session;
  readonly sink = new ByteSink(64 * 1024);
  #reply = '';

  constructor(
    share: StoreShare,
    thread = 0,
    requestsPerTurn = 1_000_000,
    flushAllowed = true,
    log = SILENT_LOG,
  ) {
    this.parts = assemble(share, thread);
    this.store = doorsOf(this.parts);
    const rules = {
      flushAllowed,
      dumpingAllowed: true,
      requestsPerTurn,
      watchingAllowed: false,
    };
    const context = createSessionContext(this.store, TEST_CONTROL, rules, this.sink, log);
    this.session = new Session(context, {
      flush: () => this.#takeOutput(),
      protocol: 'auto',
      id: 0,
      watch: () => false,
      wake: () => {},
      loginChecked: () => {},
    });
  }

  /** Sends whole requests and returns the replies of all turns that they take. */
  send(text: string): string {
    return this.feedAll(Buffer.from(text, 'latin1')).reply;
  }

  /** Feeds bytes, and resumes the session each time it yields. */
  feedAll(bytes: Buffer): FeedResult {
    let reply = '';
    for (let at = 0; ; ) {
      const result = this.feed(bytes, at);
      at = result.consumedBytes;
      reply += result.reply;
      if (result.pause !== PAUSE.yielded) return { ...result, reply };
    }
  }

  /** Feeds bytes from `start` on, for one turn of the session. */
  feed(bytes: Buffer, start = 0): FeedResult {
    const pause = this.session.advance(bytes, start, bytes.length);
    this.#takeOutput();
    const reply = this.#reply;
    this.#reply = '';
    return { reply, consumedBytes: this.session.at, pause };
  }

  /** Feeds pieces as a connection does: bytes that are not decoded yet precede the next piece. */
  feedPieces(pieces: readonly Buffer[]): string {
    let pending = Buffer.alloc(0);
    let reply = '';
    for (const piece of pieces) {
      pending = Buffer.concat([pending, piece]);
      const result = this.feedAll(pending);
      reply += result.reply;
      pending = Buffer.from(pending.subarray(result.consumedBytes));
      if (result.pause === PAUSE.close) return `${reply}<closed>`;
    }
    return reply;
  }

  #takeOutput(): boolean {
    this.#reply += this.sink.bytes.toString('latin1', 0, this.sink.at);
    this.sink.at = 0;
    return true;
  }
}
