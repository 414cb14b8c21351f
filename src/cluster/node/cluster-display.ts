import { type ClusterView, type PeerView, THREAD_NUMBERS } from '../../commands/index.ts';
import {
  type ClusterTopology,
  isProxy,
  type MemberState,
  STATE_RULES,
} from '../../topology/index.ts';
import { isSame, type PeerIdentity } from '../thread/adopted.ts';
import type { ThreadReport } from '../thread/thread-cluster.ts';
import type { Timers } from '../thread/timers.ts';
import type { EventJournal } from './event-journal.ts';
import type { MemberReport } from './main-cluster.ts';
import { secondsLeft } from './move-pace.ts';

/** How old what is shown can be, as long as all threads answer. */
export const DISPLAY_MS = 1000;

const STATES = Object.keys(STATE_RULES) as readonly MemberState[];

interface DisplayParts {
  readonly self: PeerIdentity;
  readonly timers: Timers;
  report(): MemberReport;
  /** Resolves with the reports of all threads; rejects if one of them has ended. */
  threads(): Promise<readonly ThreadReport[]>;
  show(view: ClusterView): void;
  readonly journal: Pick<EventJournal, 'events' | 'takeovers' | 'isMembershipReachable'>;
  /** Called before each view of the second. */
  sampled(): void;
}

/** Shows the cluster of a member on all threads: at each topology, and then once a second. */
export class ClusterDisplay {
  readonly #parts: DisplayParts;
  #topology: ClusterTopology | undefined;
  #threads: readonly ThreadReport[] = [];
  #timer: { cancel(): void } | undefined;
  #isClosed = false;

  constructor(parts: DisplayParts) {
    this.#parts = parts;
  }

  /** All threads have adopted it. */
  adopted(topology: ClusterTopology): void {
    const isFirst = this.#topology === undefined;
    this.#topology = topology;
    if (isFirst) this.#ask();
    else this.#show();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** One question at a time: a thread that hangs has one to answer. */
  #ask(): void {
    this.#parts.threads().then(
      (reports) => {
        this.#threads = reports;
        this.#parts.sampled();
        this.#show();
        if (this.#isClosed) return;
        this.#timer = this.#parts.timers.setTimer(() => this.#ask(), DISPLAY_MS);
      },
      // A thread has ended, so the node ends.
      () => {},
    );
  }

  #show(): void {
    const { self, report, show, journal } = this.#parts;
    if (this.#topology === undefined || this.#isClosed) return;
    const facts = { topology: this.#topology, report: report(), threads: this.#threads };
    show(viewOf(facts, self, journal));
  }
}

interface DisplayFacts {
  readonly topology: ClusterTopology;
  readonly report: MemberReport;
  readonly threads: readonly ThreadReport[];
}

function viewOf(
  facts: DisplayFacts,
  self: PeerIdentity,
  journal: DisplayParts['journal'],
): ClusterView {
  const { topology, threads } = facts;
  const { cluster, replication, members } = topology;
  const states = members.map(({ state }) => state);
  const own = members.find((member) => isSame(member, self));
  return {
    cluster,
    member: self.name,
    state: own?.state ?? 'removed',
    role: own !== undefined && isProxy(own) ? 'proxy' : 'node',
    replication,
    members: Object.fromEntries(
      STATES.map((state) => [state, states.filter((each) => each === state).length]),
    ),
    numbers: numbersOf(facts, journal),
    peers: peersOf(threads),
    events: journal.events,
  };
}

function numbersOf(
  { topology, report, threads }: DisplayFacts,
  { takeovers, isMembershipReachable }: DisplayParts['journal'],
): ClusterView['numbers'] {
  return {
    topology_version: report.adopted,
    complete_version: report.complete,
    clean_version: report.clean,
    replicas: topology.replicas,
    unreachable_members: report.unreachable.length,
    membership_reachable: isMembershipReachable ? 1 : 0,
    takeovers,
    keys_moved: report.keysMoved,
    bytes_moved: report.bytesMoved,
    keys_left: report.keysLeft,
    bytes_left: report.bytesLeft,
    keys_per_second: report.keysPerSecond,
    bytes_per_second: report.bytesPerSecond,
    seconds_left: secondsLeft(report.keysLeft, report.keysPerSecond),
    ...sumsOf(threads),
  };
}

function sumsOf(threads: readonly ThreadReport[]): ThreadReport['numbers'] {
  const sums = THREAD_NUMBERS.map((name) => [
    name,
    threads.reduce((sum, { numbers }) => sum + numbers[name], 0),
  ]);
  return Object.fromEntries(sums) as ThreadReport['numbers'];
}

/** The views of the threads added up, by the name of the peer; the lag is the longest one. */
function peersOf(threads: readonly ThreadReport[]): readonly PeerView[] {
  const sums = new Map<string, PeerView>();
  for (const view of threads.flatMap(({ peers }) => peers)) {
    const sum = sums.get(view.name);
    const { linksUp = 0, backlogBytes = 0, unansweredRequests = 0, lagMs = 0 } = sum ?? {};
    sums.set(view.name, {
      name: view.name,
      linksUp: linksUp + view.linksUp,
      backlogBytes: backlogBytes + view.backlogBytes,
      unansweredRequests: unansweredRequests + view.unansweredRequests,
      lagMs: Math.max(lagMs, view.lagMs),
    });
  }
  return [...sums.values()];
}
