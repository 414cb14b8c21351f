import { ByteSink, type CodedError } from '../../src/base/index.ts';
import type { Request } from '../../src/protocol/index.ts';
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
import { TEST_CONTROL, testShare, threadParts } from './session-harness.ts';

type Dialect = Request['dialect'];
type Role = Parameters<PeerSession['answer']>[1];
type Settle = Parameters<ClusterSeat['forward']>[4];

const SILENT_LOG = { watchedStreams: 0, cfd: 0, publish: () => {} };
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

/** A request on its way to a member. */
interface Forwarded {
  readonly member: number;
  readonly dialect: Dialect;
  readonly role: Role;
  readonly bytes: Buffer;
  readonly settle: Settle;
}

/**
 * A cluster of this node and others. Its test decides where keys are, when the other nodes execute
 * what they get, when their replies arrive, and when changes are acknowledged.
 */
export class ManualSeat implements ClusterSeat {
  version = 1;
  fast: ClusterSeat['fast'] = 'off';
  /** Where a key is: a PLACE or a member. */
  placeOf: (key: string) => number = () => PLACE.here;
  /** The same as the other members see it. */
  homeOf: (key: string) => number = (key) => this.placeOf(key);
  /** Whether the output of this input has to wait. */
  mustWait: () => boolean = () => false;
  hasLease = true;
  /** The keys that sessions have reported since the last seal. */
  changes: string[] = [];
  onSeal: (changes: readonly string[]) => void = () => {};
  sealCount = 0;
  readonly forwarded: Forwarded[] = [];
  readonly replies: (() => void)[] = [];
  readonly acknowledgements: ((error?: CodedError) => void)[] = [];
  readonly decisions: PromiseWithResolvers<void>[] = [];
  readonly flushes: ((error?: CodedError) => void)[] = [];
  flushStores: () => void = () => {};

  locate(bytes: Buffer, start: number, end: number): number {
    return this.placeOf(bytes.toString('latin1', start, end));
  }

  settled(): Promise<void> {
    const decision = Promise.withResolvers<void>();
    this.decisions.push(decision);
    return decision.promise;
  }

  forward(member: number, dialect: Dialect, role: Role, bytes: Buffer, settle: Settle): void {
    this.forwarded.push({ member, dialect, role, bytes, settle });
  }

  changed(bytes: Buffer, start: number, end: number): void {
    this.changes.push(bytes.toString('latin1', start, end));
  }

  seal(acknowledged: (error?: CodedError) => void): boolean {
    this.sealCount++;
    this.onSeal(this.changes.splice(0));
    const waits = this.mustWait();
    if (waits) this.acknowledgements.push(acknowledged);
    return waits;
  }

  mayAnswer(): boolean {
    return this.hasLease;
  }

  flushAll(_exptime: number, settle: (error?: CodedError) => void): void {
    this.flushes.push((error) => {
      if (error === undefined) this.flushStores();
      settle(error);
    });
  }
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

  constructor(seat: ManualSeat, otherNodes = 2) {
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
    const session = createSessionContext(
      here.store,
      TEST_CONTROL,
      RULES,
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
      samples: samplesOf(session, here.store),
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
    await new Promise((resolve) => setImmediate(resolve));
    this.heldKibMax = Math.max(this.heldKibMax, this.#budget.heldKib);
    if (this.end === 'destroyed' && !this.isClosed) this.connection.close(undefined);
  }

  get heldKib(): number {
    return this.#budget.heldKib;
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
