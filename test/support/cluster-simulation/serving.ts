import {
  BufferBudget,
  ConnectionTable,
  createSessionContext,
  OutputBuffers,
  type SessionCluster,
  ThreadBuffers,
} from '../../../src/server/index.ts';
import { RequestSamples } from '../../../src/server/session/request-samples.ts';
import { RequestWalk } from '../../../src/server/session/request-walk.ts';
import { SlowRequests } from '../../../src/server/session/slow-requests.ts';
import { Connection } from '../../../src/server/sockets/connection.ts';
import type { BufferHolder } from '../../../src/server/sockets/thread-buffers.ts';
import type { ThreadContext } from '../../../src/server/sockets/thread-context.ts';
import type { Transport, TransportEvents } from '../../../src/server/sockets/transport.ts';
import type { Store } from '../../../src/store/index.ts';
import { TEST_CONTROL } from '../session-harness.ts';
import type { NodeMemory } from './node-memory.ts';

const SILENT_LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };
const RULES = {
  flushAllowed: true,
  dumpingAllowed: true,
  watchingAllowed: false,
  requestsPerTurn: 1_000_000,
};
const CONNECTIONS_MAX = 64;

/** What serves the clients of one simulated thread: real connections and sessions. */
export class Serving {
  readonly #context: ThreadContext;
  readonly #buffers = new SimBuffers(new BufferBudget(BufferBudget.allocate(1), 1 << 20), 0, {
    onPaused: () => {},
    onExpelled: () => {},
  });

  constructor(parts: ReturnType<NodeMemory['partsOf']>, store: Store, cluster: SessionCluster) {
    const { readBuffer, outputBuffers, fastPath } = parts;
    const output = new OutputBuffers(outputBuffers);
    const session = createSessionContext(
      store,
      TEST_CONTROL,
      RULES,
      output.sink,
      SILENT_LOG,
      fastPath,
      cluster,
    );
    this.#context = {
      session,
      samples: samplesOf(session, store),
      store,
      output,
      readBuffer,
      buffers: this.#buffers,
      watchers: { add: () => false, remove: () => {} },
      table: new ConnectionTable(ConnectionTable.allocate(CONNECTIONS_MAX)),
      loginChecked: () => {},
      refused: () => {},
      debugLog: undefined,
    };
  }

  /** The run is over. */
  release(): void {
    this.#buffers.end();
  }

  accept(open: (events: TransportEvents) => Transport): void {
    const slot = this.#context.table.take('tcp:1', 'tcp:2', 0);
    const connection = new Connection(this.#context, slot, 'auto', () => {});
    const { readBuffer } = this.#context;
    const data = (bytes: Buffer, length: number): boolean => {
      bytes.copy(readBuffer, 0, 0, length);
      return connection.data(readBuffer, length);
    };
    const { end, drain, close } = connection;
    connection.attach(open({ data, end, drain, close }));
  }
}

/** Knows what holds buffers, to end the timer that they have. */
class SimBuffers extends ThreadBuffers {
  readonly #holders = new Set<BufferHolder>();

  override hold(holder: BufferHolder, bytes: number): void {
    this.#holders.add(holder);
    super.hold(holder, bytes);
  }

  end(): void {
    for (const holder of this.#holders) this.release(holder);
    this.tick();
  }
}

function samplesOf(context: ReturnType<typeof createSessionContext>, store: Store): RequestSamples {
  const slow = new SlowRequests({
    store,
    addressOf: () => '',
    thresholdMs: () => 0,
    log: () => {},
    logUnlisted: () => {},
    count: () => {},
  });
  return new RequestSamples(
    { clock: { nowMs: () => 0 }, walk: new RequestWalk(context), slow },
    [],
  );
}
