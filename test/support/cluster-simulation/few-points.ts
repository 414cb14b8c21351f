import { type ClusterTopology, KeyGroups, type SharedGroups } from '../../../src/topology/index.ts';
import { md5Start } from '../../../src/topology/ring/short-md5.ts';

const KNOWN_MAX = 10_000;

/**
 * Groups with one arc for each key of a run, instead of hundreds: the real groups of these keys,
 * computed once for all topologies that differ in versions and processes only.
 */
export class FewPoints {
  readonly #points: Uint32Array;
  static readonly #known = new Map<string, SharedGroups>();

  constructor(keys: readonly string[]) {
    const points = keys.map((key) => md5Start(Buffer.from(key), 0, key.length));
    this.#points = Uint32Array.from(points).sort();
  }

  /** A test has changed what decides the groups of a topology. */
  static forget(): void {
    FewPoints.#known.clear();
  }

  /** All topologies have few points from here on; returns what ends that. */
  use(): () => void {
    const original = KeyGroups.of;
    KeyGroups.of = (topology, shared) =>
      new KeyGroups(topology, shared ?? this.#groupsOf(topology));
    return () => {
      KeyGroups.of = original;
    };
  }

  #groupsOf(topology: ClusterTopology): SharedGroups {
    const members = topology.members.map(({ address, weight, zone, state }) => {
      return `${address} ${weight} ${zone} ${state}`;
    });
    const name = [topology.replicas, ...this.#points, ...members].join();
    const known = FewPoints.#known.get(name) ?? fewArcs(topology, this.#points);
    if (FewPoints.#known.size >= KNOWN_MAX) FewPoints.#known.clear();
    FewPoints.#known.set(name, known);
    return known;
  }
}

function fewArcs(topology: ClusterTopology, lasts: Uint32Array): SharedGroups {
  const all = new KeyGroups(topology);
  return { ...all.shared, lasts, groupsOfArcs: lasts.map((point) => all.groupAt(point).index) };
}
