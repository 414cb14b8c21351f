import { md5Start } from '../ring/short-md5.ts';
import type { ClusterTopology } from './cluster-topology.ts';
import { type Arc, type Group, GroupTable } from './group-table.ts';

/** The groups of a topology in memory that threads share: one computes them, and all read them. */
export interface SharedGroups {
  /** The last point of each arc, in ascending order. */
  readonly lasts: Uint32Array;
  /** The group of each arc. */
  readonly groupsOfArcs: Uint32Array;
  /**
   * First where the entry of each group begins, and where the last one ends; then the entries: the
   * primary, the number of receivers, the receivers, the holders.
   */
  readonly table: Int32Array;
}

const WORD_BYTES = 4;
const POINT_BITS = 32;
/** The ring has as many parts as arcs, up to these powers of 2. */
const PARTS_POWER_MAX = 14;
/** Where the receivers begin in an entry. */
const RECEIVERS_AT = 2;

/**
 * Who is there for each key in one topology: a pure function of it, so that all members agree.
 *
 * Of the **ring in force** a key meets members until `replicas` of them answer. The first that
 * answers is its primary. Members that are filled are met and receive; those that are down are
 * passed. If members join or leave, a key also meets members of the **next ring** until `replicas`
 * of them will serve, and these receive, too. So everybody who has a role after the change is
 * filled before it, and the change itself moves no items.
 *
 * The ring in force is libmemcached's ring of its members, so if all of them answer, the primary of
 * a key is the node that a client with ketama picks.
 */
export class KeyGroups {
  readonly topology: ClusterTopology;
  readonly shared: SharedGroups;
  readonly #lasts: Uint32Array;
  readonly #groupsOfArcs: Uint32Array;
  readonly #table: Int32Array;
  readonly #count: number;
  /** For each part of the ring, the first arc that ends in it or later; made when it is needed. */
  #parts: Uint32Array | undefined;
  #partShift = 0;
  /** Those of the groups that were asked for. */
  readonly #groups: (Group | undefined)[] = [];

  /** `shared`: those of the same topology, which another thread has computed; else it takes ms. */
  constructor(topology: ClusterTopology, shared: SharedGroups = computeGroups(topology)) {
    const { lasts, groupsOfArcs, table } = shared;
    this.topology = topology;
    this.shared = shared;
    this.#lasts = lasts;
    this.#groupsOfArcs = groupsOfArcs;
    this.#table = table;
    this.#count = table[0]! - 1;
  }

  /** Each part of a member gets its groups here. */
  static of(topology: ClusterTopology, shared?: SharedGroups): KeyGroups {
    return new KeyGroups(topology, shared);
  }

  get groups(): readonly Group[] {
    return Array.from({ length: this.#count }, (_, index) => this.#group(index));
  }

  /** In ascending order of `last`; keys above the last arc belong to the group of the first. */
  get arcs(): readonly Arc[] {
    return Array.from(this.#lasts, (last, at) => {
      return { last, group: this.#group(this.#groupsOfArcs[at]!) };
    });
  }

  /** The last point of each arc. */
  get lasts(): Uint32Array {
    return this.#lasts;
  }

  /** Whether some group passes the test. It makes no objects: there may be thousands of groups. */
  some(test: (primary: number, receiverCount: number) => boolean): boolean {
    for (let index = 0; index < this.#count; index++) {
      const at = this.#table[index]!;
      if (test(this.#table[at]!, this.#table[at + 1]!)) return true;
    }
    return false;
  }

  /** The receivers of all keys of a primary, in the same order; undefined if they differ. */
  soleReceivers(primary: number): readonly number[] | undefined {
    let first: readonly number[] | undefined;
    for (let index = 0; index < this.#count; index++) {
      const at = this.#table[index]!;
      if (this.#table[at] !== primary) continue;
      const end = at + RECEIVERS_AT + this.#table[at + 1]!;
      const receivers = this.#table.subarray(at + RECEIVERS_AT, end);
      first ??= [...receivers];
      const isSame = receivers.length === first.length;
      if (!isSame || !receivers.every((member, nth) => member === first![nth])) return undefined;
    }
    return first;
  }

  /** The group of the key `bytes[start … end)`. It allocates nothing for a known group. */
  groupOf(bytes: Uint8Array, start: number, end: number): Group {
    if (this.#count === 1) return this.#group(0);
    return this.groupAt(md5Start(bytes, start, end));
  }

  /** The group of the keys at a point of the ring. */
  groupAt(point: number): Group {
    return this.#group(this.#groupsOfArcs[this.#arcAt(point)]!);
  }

  /** The first arc that ends at the point or later, around the circle. */
  #arcAt(point: number): number {
    const lasts = this.#lasts;
    const parts = this.#parts ?? this.#findParts();
    let arc = parts[point >>> this.#partShift]!;
    while (arc < lasts.length && lasts[arc]! < point) arc++;
    return arc === lasts.length ? 0 : arc;
  }

  #findParts(): Uint32Array {
    const lasts = this.#lasts;
    const power = Math.min(PARTS_POWER_MAX, Math.max(1, Math.ceil(Math.log2(lasts.length))));
    const parts = new Uint32Array(2 ** power);
    for (let part = 0, arc = 0; part < parts.length; part++) {
      while (arc < lasts.length && lasts[arc]! < part * 2 ** (POINT_BITS - power)) arc++;
      parts[part] = arc;
    }
    this.#partShift = POINT_BITS - power;
    this.#parts = parts;
    return parts;
  }

  #group(index: number): Group {
    return this.#groups[index] ?? this.#read(index);
  }

  #read(index: number): Group {
    const table = this.#table;
    const at = table[index]!;
    const holdersAt = at + RECEIVERS_AT + table[at + 1]!;
    const group = {
      index,
      primary: table[at]!,
      receivers: [...table.subarray(at + RECEIVERS_AT, holdersAt)],
      holders: [...table.subarray(holdersAt, table[index + 1])],
    };
    this.#groups[index] = group;
    return group;
  }
}

function computeGroups(topology: ClusterTopology): SharedGroups {
  const groups = new GroupTable(topology);
  const arcs = groups.arcs();
  const starts: number[] = [];
  const entries: number[] = [];
  for (const { primary, receivers, holders } of groups.groups) {
    starts.push(groups.groups.length + 1 + entries.length);
    entries.push(primary, receivers.length, ...receivers, ...holders);
  }
  starts.push(groups.groups.length + 1 + entries.length);
  const numbers = [...starts, ...entries];
  const table = new Int32Array(sharedWords(numbers.length));
  table.set(numbers);
  const lasts = new Uint32Array(sharedWords(arcs.length));
  lasts.set(arcs.map(({ last }) => last));
  const groupsOfArcs = new Uint32Array(sharedWords(arcs.length));
  groupsOfArcs.set(arcs.map(({ group }) => group.index));
  return { lasts, groupsOfArcs, table };
}

function sharedWords(count: number): SharedArrayBuffer {
  return new SharedArrayBuffer(count * WORD_BYTES);
}

/** The members that keep the items of a group: first the primary, if there is one. */
export function keepersOf({ primary, receivers }: Group): readonly number[] {
  return primary < 0 ? receivers : [primary, ...receivers];
}
