import { Votes } from '../../../src/cluster/grants/votes.ts';
import type { ClusterState } from '../../../src/cluster/membership/etcd/cluster-keys.ts';
import { Complaints } from '../../../src/cluster/membership/etcd/complaints.ts';
import {
  type ClusterSettings,
  drive,
  isInTouch,
} from '../../../src/cluster/membership/etcd/drive.ts';
import { type PeerIdentity, peerKey } from '../../../src/cluster/thread/adopted.ts';
import type { SimProcess } from './process.ts';

/** As the defaults of `slabring serve --join`. */
const VOTES = new Votes({ readsCopies: false });

/** What the drivers of a simulated cluster know, whichever process drives. */
export class SimDriver {
  readonly #settings: ClusterSettings;
  readonly #nowMs: () => number;
  /** By `peerKey`. */
  readonly #adopted = new Map<string, number>();
  readonly #complaints = new Complaints();

  constructor(settings: ClusterSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
  }

  /** The process that drives: with complaints one that is in touch, if there is one. */
  of(reaching: readonly SimProcess[], { newest, nodes }: ClusterState): SimProcess | undefined {
    const areAny = nodes.some(({ report }) => report.unreachable.length > 0);
    if (!areAny || newest === undefined) return reaching[0];
    const isFit = ({ cluster }: SimProcess) => isInTouch(newest, (each) => cluster.hears(each));
    return reaching.find(isFit) ?? reaching[0];
  }

  /** The next step; `by`: the process that drives, or else one that hears all. */
  step(state: ClusterState, by: SimProcess | undefined, isSettled: boolean) {
    for (const { report } of state.nodes) this.#noteVersion(report, report.adopted);
    for (const each of state.newest?.members ?? []) {
      this.#noteVersion(each, by?.cluster.adoptedOf(each) ?? 0);
    }
    this.#complaints.note(state.nodes, this.#nowMs());
    return drive({
      ...state,
      settings: this.#settings,
      votes: VOTES,
      adopted: this.#adopted,
      isSettled,
      lateMs: (name) => this.#complaints.ageMs(name, this.#nowMs()),
      hears: (member) => by?.cluster.hears(member) ?? true,
    });
  }

  #noteVersion(process: PeerIdentity, version: number): void {
    const key = peerKey(process);
    if (version > (this.#adopted.get(key) ?? 0)) this.#adopted.set(key, version);
  }
}
