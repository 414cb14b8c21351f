import { parseAddress } from '../address.ts';
import { type NodeAddress, readNodes } from '../node.ts';
import { firstFrom, type KetamaPoints, ketamaPoints } from '../ring/ketama.ts';
import type { Member } from './cluster-topology.ts';

/**
 * The ketama ring of some members of a topology, and the order in which a key meets them. Members
 * are indexes in the topology's list.
 *
 * The order: first the members that are the first of their zone from the key's point on, then the
 * second ones of each zone, and so on; within each of these, in the order of the ring. It depends
 * on no state. So the members of one zone follow each other only where zones are too few.
 */
export class MemberRing {
  /** In ascending order. */
  readonly points: Uint32Array;
  /** The member of each point. */
  readonly #owners: Uint32Array;
  readonly #memberCount: number;
  /** The zone of each member, as a number; a member without a zone is a zone of its own. */
  readonly #zones: readonly number[];
  /** The number of zones with more than `[level]` members. */
  readonly #zonesAtLevel: readonly number[];

  constructor(members: readonly Member[], indexes: readonly number[]) {
    const placed = indexes.map((at) => members[at]!);
    const ring = placed.length === 0 ? NO_POINTS : ketamaPoints(ringNodes(placed));
    this.points = ring.points;
    this.#owners = ring.owners.map((owner) => indexes[owner]!);
    const withPoints = [...new Set(this.#owners)];
    this.#memberCount = withPoints.length;
    this.#zones = zoneNumbers(members);
    this.#zonesAtLevel = zonesAtLevel(withPoints.map((at) => this.#zones[at]!));
  }

  /** Each topology gets its rings here. */
  static of(members: readonly Member[], indexes: readonly number[]): MemberRing {
    return new MemberRing(members, indexes);
  }

  /** Visits the members that a key meets from `value` on, until `visit` returns true. */
  walk(value: number, visit: (member: number) => boolean): void {
    const met: number[] = [];
    const levels: number[] = [];
    const next = this.#meeting(value, met, levels);
    for (const [level, zones] of this.#zonesAtLevel.entries()) {
      let left = zones;
      for (let at = 0; left > 0; at++) {
        if (at === met.length) next();
        if (levels[at] !== level) continue;
        if (visit(met[at]!)) return;
        left--;
      }
    }
  }

  /** Returns a function that adds the next member of the ring, and its level in its zone. */
  #meeting(value: number, met: number[], levels: number[]): () => void {
    const perZone = new Map<number, number>();
    let at = firstFrom(this.points, value);
    return () => {
      if (met.length === this.#memberCount) throw new RangeError('All members have been met.');
      while (met.includes(this.#owners[at]!)) at = (at + 1) % this.#owners.length;
      const member = this.#owners[at]!;
      const level = perZone.get(this.#zones[member]!) ?? 0;
      perZone.set(this.#zones[member]!, level + 1);
      met.push(member);
      levels.push(level);
    };
  }
}

const NO_POINTS: KetamaPoints = { points: new Uint32Array(0), owners: new Uint32Array(0) };

/** The members as nodes of a ring; each has a weight above 0. */
export function ringNodes(members: readonly Member[]): readonly NodeAddress[] {
  return readNodes(members.map(({ address, weight }) => ({ ...parseAddress(address), weight })));
}

function zoneNumbers(members: readonly Member[]): readonly number[] {
  const named = members.map(({ zone }) => zone);
  return named.map((zone, at) => (zone === '' ? at : named.indexOf(zone)));
}

function zonesAtLevel(zones: readonly number[]): readonly number[] {
  const sizes = new Map<number, number>();
  for (const zone of zones) sizes.set(zone, (sizes.get(zone) ?? 0) + 1);
  const levels = Math.max(0, ...sizes.values());
  return Array.from({ length: levels }, (_, level) => {
    return [...sizes.values()].filter((size) => size > level).length;
  });
}
