import { type ClusterView, type PeerView, THREAD_NUMBERS } from '../../commands/index.ts';
import { type ClusterTopology, type MemberState, STATE_RULES } from '../../topology/index.ts';
import { isSame, type PeerIdentity } from '../thread/adopted.ts';
import type { ThreadReport } from '../thread/thread-cluster.ts';
import type { Timers } from '../thread/timers.ts';
import type { MemberReport } from './main-cluster.ts';

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
        this.#show();
        if (this.#isClosed) return;
        this.#timer = this.#parts.timers.setTimer(() => this.#ask(), DISPLAY_MS);
      },
      // A thread has ended, so the node ends.
      () => {},
    );
  }

  #show(): void {
    const { self, report, show } = this.#parts;
    if (this.#topology === undefined || this.#isClosed) return;
    show(viewOf(this.#topology, self, report(), this.#threads));
  }
}

function viewOf(
  topology: ClusterTopology,
  self: PeerIdentity,
  report: MemberReport,
  threads: readonly ThreadReport[],
): ClusterView {
  const { cluster, replication, replicas, members } = topology;
  const states = members.map(({ state }) => state);
  return {
    cluster,
    member: self.name,
    state: members.find((member) => isSame(member, self))?.state ?? 'removed',
    replication,
    members: Object.fromEntries(
      STATES.map((state) => [state, states.filter((each) => each === state).length]),
    ),
    numbers: {
      topology_version: report.adopted,
      complete_version: report.complete,
      clean_version: report.clean,
      replicas,
      unreachable_members: report.unreachable.length,
      keys_moved: report.keysMoved,
      bytes_moved: report.bytesMoved,
      keys_left: report.keysLeft,
      ...sumsOf(threads),
    },
    peers: peersOf(threads),
  };
}

function sumsOf(threads: readonly ThreadReport[]): ThreadReport['numbers'] {
  const sums = THREAD_NUMBERS.map((name) => [
    name,
    threads.reduce((sum, { numbers }) => sum + numbers[name], 0),
  ]);
  return Object.fromEntries(sums) as ThreadReport['numbers'];
}

/** The views of the threads added up, by the name of the peer. */
function peersOf(threads: readonly ThreadReport[]): readonly PeerView[] {
  const sums = new Map<string, PeerView>();
  for (const view of threads.flatMap(({ peers }) => peers)) {
    const { linksUp = 0, backlogBytes = 0, unansweredRequests = 0 } = sums.get(view.name) ?? {};
    sums.set(view.name, {
      name: view.name,
      linksUp: linksUp + view.linksUp,
      backlogBytes: backlogBytes + view.backlogBytes,
      unansweredRequests: unansweredRequests + view.unansweredRequests,
    });
  }
  return [...sums.values()];
}
