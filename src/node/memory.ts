/** All shared memory of a node: the store, and the segments beside it. */
import { CodedError, countLockWaits, type WasmModule } from '../base/index.ts';
import { BufferBudget, ConnectionTable, THREAD_REGION_BYTES } from '../server/index.ts';
import {
  COUNT,
  createStore,
  openStore,
  type Store,
  type StoreShare,
  type WasmMemoryKind,
} from '../store/index.ts';
import type { FastPathModules } from './fast-path.ts';
import { HotKeyTable } from './hot-keys/hot-key-table.ts';
import { threadCount } from './jobs.ts';
import {
  chunkBytesMaxOf,
  connMemoryKibOf,
  prefixDelimiterOf,
  tunablesOf,
} from './options/policies.ts';
import type { ServerOptions } from './options/server-flags.ts';
import { ClusterTable } from './shared/cluster-table.ts';
import { ConfigTable } from './shared/config-table.ts';
import { EventRings } from './shared/event-rings.ts';
import { LatencyTable } from './shared/latency-table.ts';
import { NodeState } from './shared/node-state.ts';
import { PrefixTable } from './shared/prefix-table.ts';
import { ThreadTable } from './shared/thread-table.ts';

/** What a message carries to a thread, so that the thread can open the node's memory. */
export interface NodeShare {
  readonly options: ServerOptions;
  readonly store: StoreShare;
  /** The fast path for this kind of memory; undefined if JavaScript serves alone. */
  readonly fastPath: WasmModule | undefined;
  readonly segments: readonly SharedArrayBuffer[];
  /** The file of a warm restart; empty for none. */
  readonly memoryFile: string;
}

/** The shared memory of a node, as one thread has opened it. */
export interface NodeMemory extends ReturnType<typeof segmentsOf> {
  readonly options: ServerOptions;
  readonly share: NodeShare;
  readonly store: Store;
}

/** Takes the memory of the next segment, which is new or comes from another thread. */
type TakeSegment = <T>(
  allocate: () => SharedArrayBuffer,
  open: (memory: SharedArrayBuffer) => T,
) => T;

/** The segments beside the store: one line each. All threads take them in this order. */
function segmentsOf(options: ServerOptions, take: TakeSegment) {
  const delimiter = prefixDelimiterOf(options);
  const countsPrefixes = options.prefixDelimiter !== '';
  return {
    state: take(NodeState.allocate, (memory) => new NodeState(memory)),
    connections: take(
      () => ConnectionTable.allocate(options.connLimit),
      (memory) => new ConnectionTable(memory),
    ),
    buffers: take(
      () => BufferBudget.allocate(options.threads),
      (memory) => new BufferBudget(memory, connMemoryKibOf(options)),
    ),
    config: take(ConfigTable.allocate, (memory) => new ConfigTable(memory)),
    prefixes: take(
      () => PrefixTable.allocate(countsPrefixes),
      (memory) => new PrefixTable(memory, delimiter),
    ),
    hotKeys: take(
      () => HotKeyTable.allocate(!options.noHotKeys),
      (memory) => new HotKeyTable(memory),
    ),
    events: take(
      () => EventRings.allocate(options.threads),
      (memory) => new EventRings(memory),
    ),
    latency: take(
      () => LatencyTable.allocate(options.threads),
      (memory) => new LatencyTable(memory),
    ),
    threads: take(
      () => ThreadTable.allocate(threadCount(options)),
      (memory) => new ThreadTable(memory),
    ),
    cluster: take(ClusterTable.allocate, (memory) => new ClusterTable(memory)),
  };
}

export const NodeMemory = {
  /** @throws {CodedError} `ERR_MEMORY` if the system has too little address space. */
  allocate(options: ServerOptions, modules: FastPathModules = {}, memoryFile = ''): NodeShare {
    const segments: SharedArrayBuffer[] = [];
    segmentsOf(options, (allocate, open) => {
      const memory = allocate();
      segments.push(memory);
      return open(memory);
    });
    const store = allocateStore(options, Object.keys(modules) as WasmMemoryKind[]);
    const fastPath = store.kind === 'plain' ? undefined : modules[store.kind];
    return { options, store, fastPath, segments, memoryFile };
  },

  /** Opens the memory on the thread that has this number, and so this block of counters. */
  open(share: NodeShare, thread: number): NodeMemory {
    const { options, segments } = share;
    const store = openStore(share.store, thread);
    const { counters } = store;
    countLockWaits({
      busy: () => counters.add(COUNT.lock_waits),
      sleeping: () => counters.add(COUNT.lock_sleeps),
    });
    let next = 0;
    return {
      options,
      share,
      store,
      ...segmentsOf(options, (_, open) => open(segments[next++]!)),
    };
  },
};

function allocateStore(options: ServerOptions, wasmKinds: readonly WasmMemoryKind[]): StoreShare {
  try {
    return createStore({
      ...options,
      slabChunkMaxBytes: chunkBytesMaxOf(options),
      threads: threadCount(options),
      wasmKinds,
      regionBytes: THREAD_REGION_BYTES,
      tunables: tunablesOf(options),
    });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CodedError(
      'ERR_MEMORY',
      `Cannot allocate ${options.memoryLimitBytes} bytes of memory for items. Lower -m.`,
      { cause },
    );
  }
}
