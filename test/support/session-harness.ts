import { ByteSink, type Clock, type Logger } from '../../src/base/index.ts';
import type { EventLog, NodeControl } from '../../src/commands/index.ts';
import { FastPath } from '../../src/fast-path/index.ts';
import type { Authenticator } from '../../src/server/auth/authenticator.ts';
import { regionBuffers, THREAD_REGION_BYTES } from '../../src/server/index.ts';
import { createSessionContext, type SessionContext } from '../../src/server/session/context.ts';
import { Session } from '../../src/server/session/session.ts';
import { PAUSE } from '../../src/server/session/states.ts';
import { assemble, type StoreParts } from '../../src/store/assemble.ts';
import { doorsOf } from '../../src/store/doors.ts';
import {
  createStore,
  regionByte,
  type Store,
  type StoreShare,
  type WasmMemoryKind,
} from '../../src/store/index.ts';
import { fastModule } from './fast-path.ts';

/** The control of a node, in tests without a server. Commands may change its `prefixes`. */
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
    hasTopology: false,
    count: () => 0,
  },
  hotKeys: {
    isEnabled: false,
    view: () => ({ windowSeconds: 1, samples: 0, requestsPerSecond: 0, keys: [], prefixes: [] }),
    clear: () => {},
  },
  prefixes: { enabled: false, count: () => {}, clear: () => {}, dump: () => -1 },
  latency: { of: () => undefined, reset: () => {} },
  health: () => ({
    state: 'serving',
    uptimeSeconds: 0,
    timeSeconds: 0,
    currentConnections: 1,
    peakConnections: 1,
    connMemoryBytes: 0,
    certificateSeconds: undefined,
    certificateExpiresAt: undefined,
    snapshots: undefined,
  }),
  eventCounts: () => ({ written: 0, gaps: 0, sent: 0, watchers: 0 }),
  connections: () => [],
  connectionIdsEnd: () => 0,
  silentConnections: () => 0,
  threads: () => [],
  cluster: () => undefined,
  showCluster: () => {},
  settings: () => [],
  tunable: () => 0,
  tune: () => 'done',
  resizeMemory: () => 'done',
  movePage: () => 'done',
  crawl: () => 'done',
  noteSnapshot: () => {},
  setVerbosity: () => {},
  setSlowMs: () => {},
  reload: () => Promise.resolve(undefined),
  stop: () => Promise.resolve(),
};

/** A control that no other test changes. */
export const ownControl = (): NodeControl => ({
  ...TEST_CONTROL,
  prefixes: { ...TEST_CONTROL.prefixes },
});

const SILENT_LOG: EventLog = { watchedStreams: 0, cfd: 0, publish: () => {} };

/** The options of a new store. */
export type StoreOptions = Parameters<typeof createStore>[0];

/** The options of a store that the fast path can use. */
export const fastStore = (kind: WasmMemoryKind): Partial<StoreOptions> => ({
  wasmKinds: [kind],
  regionBytes: THREAD_REGION_BYTES,
});

/** One project of the tests sets it, so that they use the fast path where nothing else is said. */
const DEFAULT_KIND = process.env['TEST_MEMORY'] as WasmMemoryKind | undefined;

/** Creates a small store for tests: 8 MiB unless `options` says otherwise. */
export function testShare(options: Partial<StoreOptions> = {}, clock?: Clock): StoreShare {
  return createStore(
    {
      memoryLimitBytes: 8 << 20,
      threads: 1,
      slabGrowthFactor: 1.25,
      slabMinSizeBytes: 48,
      maxItemSizeBytes: 1 << 20,
      slabChunkMaxBytes: 1 << 19,
      hashKey: { low: 7, high: 0 },
      ...(DEFAULT_KIND === undefined ? {} : fastStore(DEFAULT_KIND)),
      ...options,
    },
    clock,
  );
}

/** The buffers and the fast path of a thread, as far as the store has room for them. */
export function threadParts(share: StoreShare, thread: number) {
  const { layout, memory, kind } = share;
  if (thread >= layout.threads || layout.regionBytes === 0) return undefined;
  const start = regionByte(layout, thread);
  const fastPath =
    kind === 'plain' ? undefined : new FastPath(share, fastModule(kind), thread, start);
  return { ...regionBuffers(memory, start), fastPath };
}

export interface FeedResult {
  readonly reply: string;
  /** How many bytes of the input the session has decoded. */
  readonly consumedBytes: number;
  readonly pause: number;
}

interface HarnessOptions {
  readonly requestsPerTurn?: number;
  readonly flushAllowed?: boolean;
  readonly log?: EventLog;
  readonly control?: NodeControl;
  readonly authenticator?: Authenticator;
  readonly traceLog?: Logger;
  /** Whether the session uses the fast path, if the store has a kind of memory for it. */
  readonly usesFastPath?: boolean;
}

/** Runs a session on a real store without a socket: bytes in, bytes out. */
export class SessionHarness {
  /** The parts of the store, for checks that no door offers. */
  readonly parts: StoreParts;
  readonly store: Store;
  readonly sink: ByteSink;
  readonly fastPath: FastPath | undefined;
  /** Whether the input is in the read buffer of the thread, if it fits. */
  readsIntoRegion = true;
  /** Whether the client reads its replies. */
  isReading = true;
  readonly readBuffer: Buffer | undefined;
  readonly #context: SessionContext;
  #session: Session;
  #reply = '';

  constructor(share: StoreShare, thread = 0, options: HarnessOptions = {}) {
    const { requestsPerTurn = 1_000_000, flushAllowed = true, log = SILENT_LOG } = options;
    const { control = ownControl(), authenticator, traceLog, usesFastPath = true } = options;
    this.parts = assemble(share, thread);
    this.store = doorsOf(this.parts);
    const own = threadParts(share, thread);
    this.sink = new ByteSink(own?.outputBuffers[0] ?? 64 * 1024);
    this.readBuffer = own?.readBuffer;
    this.fastPath = usesFastPath ? own?.fastPath : undefined;
    const rules = {
      flushAllowed,
      dumpingAllowed: true,
      requestsPerTurn,
      watchingAllowed: false,
      ...(authenticator && { authenticator }),
      ...(traceLog && { traceLog }),
    };
    const { store, sink, fastPath } = this;
    this.#context = createSessionContext(store, control, rules, sink, log, fastPath);
    this.#session = this.#newSession();
  }

  get session(): Session {
    return this.#session;
  }

  /** Closes the session and opens another one. */
  reconnect(): void {
    this.#session.abandon();
    this.#session = this.#newSession();
  }

  #newSession(): Session {
    return new Session(this.#context, {
      flush: () => this.#takeOutput(),
      protocol: 'auto',
      id: 0,
      watch: () => false,
      wake: () => {},
      replied: () => {},
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

  /** Feeds `bytes[start, end)`, for one turn of the session. */
  feed(bytes: Buffer, start = 0, end = bytes.length): FeedResult {
    const pause = this.#session.advance(this.#placed(bytes), start, end);
    this.#takeOutput();
    const reply = this.#reply;
    this.#reply = '';
    return { reply, consumedBytes: this.#session.at, pause };
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

  /** The bytes in the read buffer, which may hold more than the session is told. */
  #placed(bytes: Buffer): Buffer {
    const buffer = this.readBuffer;
    if (!this.readsIntoRegion || buffer === undefined || bytes.length > buffer.length) return bytes;
    bytes.copy(buffer);
    return buffer;
  }

  #takeOutput(): boolean {
    this.#reply += this.sink.bytes.toString('latin1', 0, this.sink.at);
    this.sink.at = 0;
    return this.isReading;
  }
}
