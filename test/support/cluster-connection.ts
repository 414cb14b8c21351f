import { ByteSink, silentLogger } from '../../src/base/index.ts';
import { KINDS } from '../../src/commands/index.ts';
import {
  BufferBudget,
  ConnectionTable,
  OutputBuffers,
  ThreadBuffers,
} from '../../src/server/index.ts';
import { type ClusterSeat, PLACE } from '../../src/server/session/cluster-seat.ts';
import { createSessionContext } from '../../src/server/session/context.ts';
import { PeerSession } from '../../src/server/session/peer-session.ts';
import { RequestSamples } from '../../src/server/session/request-samples.ts';
import { RequestWalk } from '../../src/server/session/request-walk.ts';
import { SlowRequests } from '../../src/server/session/slow-requests.ts';
import { Connection } from '../../src/server/sockets/connection.ts';
import { heapBuffers } from '../../src/server/sockets/thread-region.ts';
import { type Transport, WRITTEN } from '../../src/server/sockets/transport.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { type Forwarded, ManualSeat } from './manual-seat.ts';
import { TEST_CONTROL, testShare, threadParts } from './session-harness.ts';

const SILENT_LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };
/** What a connection needs for a short input. */
const TURNS = 3;
const RULES = {
  flushAllowed: true,
  dumpingAllowed: true,
  watchingAllowed: false,
  requestsPerTurn: 20,
};

/** A store that evicts nothing. */
export const ROOM = { memoryLimitBytes: 64 << 20 };

/** The store of a node, with the session that executes requests for other nodes. */
function makeNode(seat: ClusterSeat) {
  const share = testShare(ROOM);
  const store = openStore(share, 0);
  const context = createSessionContext(
    store,
    TEST_CONTROL,
    RULES,
    new ByteSink(65_536),
    SILENT_LOG,
  );
  return { share, store, session: new PeerSession(context, seat) };
}

interface Options {
  readonly traces?: boolean;
  readonly flushAllowed?: boolean;
}

/** A node of a cluster with one client, whose socket the test moves. */
export class ClusterConnection {
  readonly seat: ManualSeat;
  readonly store: Store;
  readonly connection: Connection;
  /** The sessions of the nodes: that of member 0 is this one. */
  readonly nodes: readonly PeerSession[];
  /** Whether the kernel accepts what the node writes. */
  isReading = true;
  isPaused = false;
  isClosed = false;
  /** Whether the node has sent FIN, or destroyed the socket. */
  end: 'open' | 'ended' | 'destroyed' = 'open';
  received = '';
  heldKibMax = 0;
  readonly #readBuffer: Buffer;
  readonly #budget: BufferBudget;
  #kept: Buffer | undefined;

  /** The time, and what was measured: the kinds of requests with their milliseconds. */
  ms = 0;
  readonly measured: string[] = [];
  /** The lines of a trace. */
  readonly traced: object[] = [];

  constructor(seat: ManualSeat, otherNodes = 2, options: Options = {}) {
    this.seat = seat;
    const here = makeNode(seat);
    const others = Array.from({ length: otherNodes }, (_, i) => makeNode(hereAt(seat, i + 1)));
    this.store = here.store;
    this.nodes = [here, ...others].map(({ session }) => session);
    seat.flushStores = () => {
      for (const { store } of [here, ...others]) store.items.flushNow();
    };
    const own = threadParts(here.share, 0);
    const { readBuffer, outputBuffers } = own ?? heapBuffers();
    const output = new OutputBuffers(outputBuffers);
    const cluster = { seat, local: here.session };
    const traceLog = { ...silentLogger, trace: (facts: object) => void this.traced.push(facts) };
    const session = createSessionContext(
      here.store,
      TEST_CONTROL,
      { ...RULES, ...options, ...(options.traces === true ? { traceLog } : {}) },
      output.sink,
      SILENT_LOG,
      own?.fastPath,
      cluster,
    );
    this.#readBuffer = readBuffer;
    this.#budget = new BufferBudget(BufferBudget.allocate(1), 1 << 20);
    const buffers = new ThreadBuffers(this.#budget, 0, {
      onPaused: () => {},
      onExpelled: () => {},
    });
    const table = new ConnectionTable(ConnectionTable.allocate(1));
    const slot = table.take('tcp:1', 'tcp:2', 0);
    const context = {
      session,
      samples: this.#samplesOf(session),
      store: here.store,
      output,
      readBuffer,
      buffers,
      watchers: { add: () => false, remove: () => {} },
      table,
      loginChecked: () => {},
      refused: () => {},
      debugLog: undefined,
    };
    this.connection = new Connection(context, slot, 'auto', () => {
      this.isClosed = true;
    });
    this.connection.attach(this.#transport());
  }

  /** Whether the client can send. */
  get takesInput(): boolean {
    return !this.isPaused && this.end === 'open';
  }

  /** The client sends bytes, at most a read buffer. */
  send(bytes: Buffer | string): void {
    const length = Buffer.from(bytes as string, 'latin1').copy(this.#readBuffer);
    if (!this.connection.data(this.#readBuffer, length)) this.isPaused = true;
  }

  /** The kernel has accepted what it had to wait with. */
  drain(): void {
    this.isReading = true;
    this.#take(this.#kept);
    this.#kept = undefined;
    this.connection.drain();
  }

  get isBlocked(): boolean {
    return this.#kept !== undefined;
  }

  /** A member executes the oldest request that it got; its reply is on its way then. */
  execute(member: number): boolean {
    const { forwarded, replies } = this.seat;
    const nth = forwarded.findIndex((request) => request.member === member);
    if (nth < 0) return false;
    const [{ dialect, role, bytes, settle }] = forwarded.splice(nth, 1) as [Forwarded];
    const reply = this.nodes[member]!.answer(dialect, role, bytes);
    if (typeof reply === 'string') throw new Error(`member ${member} has not the key: ${reply}`);
    const copy = Buffer.from(reply);
    replies.push(() => {
      settle(copy);
      // The reply is valid only during the call.
      copy.fill(0xee);
    });
    return true;
  }

  /** Runs what promises and turns wait for. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.heldKibMax = Math.max(this.heldKibMax, this.#budget.heldKib);
    if (this.end === 'destroyed' && !this.isClosed) this.connection.close(undefined);
  }

  get heldKib(): number {
    return this.#budget.heldKib;
  }

  #samplesOf(context: ReturnType<typeof createSessionContext>): RequestSamples {
    const nothing = (): void => {};
    const slow = new SlowRequests({
      store: this.store,
      addressOf: () => '',
      thresholdMs: () => 0,
      log: nothing,
      logUnlisted: nothing,
      count: nothing,
    });
    const walk = new RequestWalk(context);
    const answered = (kind: number, ms: number): void => {
      this.measured.push(`${KINDS[kind]!.command} ${ms}`);
    };
    return new RequestSamples({ clock: { nowMs: () => this.ms }, walk, slow }, [{ answered }]);
  }

  #take(bytes: Buffer | undefined): void {
    if (bytes !== undefined) this.received += bytes.toString('latin1');
  }

  #transport(): Transport {
    return {
      write: (bytes, length) => {
        if (this.#kept !== undefined) throw new Error('the node writes to a blocked socket');
        if (this.end !== 'open') throw new Error('the node writes to a closed socket');
        if (this.isReading) {
          this.#take(bytes.subarray(0, length));
          return WRITTEN.flushed;
        }
        this.#kept = bytes.subarray(0, length);
        return WRITTEN.kept;
      },
      heldBytes: 0,
      freeCopy: () => {},
      isFlushed: () => this.#kept === undefined,
      pause: () => {
        this.isPaused = true;
      },
      resume: () => {
        this.isPaused = false;
      },
      end: () => {
        if (this.end === 'open') this.end = 'ended';
      },
      destroy: () => {
        this.end = 'destroyed';
      },
    };
  }
}

/** The seat of another member: a key is here if this node's seat finds it there. */
function hereAt(seat: ManualSeat, member: number): ClusterSeat {
  const other = new ManualSeat();
  other.placeOf = (key) => (seat.homeOf(key) === member ? PLACE.here : PLACE.nobody);
  return other;
}
