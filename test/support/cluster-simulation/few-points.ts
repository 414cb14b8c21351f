import { MemberRing } from '../../../src/topology/cluster/member-ring.ts';
import { type ClusterTopology, KeyGroups, type SharedGroups } from '../../../src/topology/index.ts';
import { md5Start } from '../../../src/topology/ring/short-md5.ts';

const KNOWN_MAX = 10_000;

/** What was computed for an earlier run, by all that it depends on. */
class Known<T> {
  readonly #values = new Map<string, T>();

  of(name: string, compute: () => T): T {
    const known = this.#values.get(name) ?? compute();
    if (this.#values.size >= KNOWN_MAX) this.#values.clear();
    this.#values.set(name, known);
    return known;
  }

  clear(): void {
    this.#values.clear();
  }
}

/**
 * Groups with one arc for each key of a run, instead of hundreds: the real groups of these keys.
 * Groups and rings are computed once for all topologies that differ in versions and processes only.
 */
export class FewPoints {
  readonly #lasts: Uint32Array;
  static readonly #groups = new Known<KeyGroups>();
  static readonly #rings = new Known<MemberRing>();

  constructor(keys: readonly string[]) {
    const points = keys.map((key) => md5Start(Buffer.from(key), 0, key.length));
    this.#lasts = Uint32Array.from(points).sort();
  }

  /** A test has changed what decides the groups of a topology. */
  static forget(): void {
    FewPoints.#groups.clear();
    FewPoints.#rings.clear();
  }

  /** All topologies have few points from here on; returns what ends that. */
  use(): () => void {
    const { of: groupsOf } = KeyGroups;
    const { of: ringOf } = MemberRing;
    KeyGroups.of = (topology, shared) => new KeyGroups(topology, shared ?? this.#few(topology));
    MemberRing.of = (members, indexes) => {
      const places = members.map(({ address, weight, zone }) => `${address} ${weight} ${zone}`);
      return FewPoints.#rings.of([...places, ...indexes].join(), () => ringOf(members, indexes));
    };
    return () => {
      KeyGroups.of = groupsOf;
      MemberRing.of = ringOf;
    };
  }

  #few(topology: ClusterTopology): SharedGroups {
    const members = topology.members.map(({ address, weight, zone, state }) => {
      return `${address} ${weight} ${zone} ${state}`;
    });
    const name = [topology.replicas, ...members].join();
    const all = FewPoints.#groups.of(name, () => new KeyGroups(topology));
    const lasts = this.#lasts;
    return { ...all.shared, lasts, groupsOfArcs: lasts.map((last) => all.groupAt(last).index) };
  }
}
