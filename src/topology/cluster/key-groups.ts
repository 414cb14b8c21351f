import { firstFrom } from '../ring/ketama.ts';
import { md5Start } from '../ring/short-md5.ts';
import { type ClusterTopology, type Member, STATE_RULES } from './cluster-topology.ts';
import { MemberRing } from './member-ring.ts';

/** Who is there for a key. All keys of a group have the same members in the same roles. */
export interface Group {
  /** Its place in `KeyGroups.groups`, for tables of what somebody knows of each group. */
  readonly index: number;
  /** The member that answers, as an index in the members of the topology; -1: nobody. */
  readonly primary: number;
  /** The members that the primary sends each change to: never itself, nor one that is down. */
  readonly receivers: readonly number[];
  /**
   * The members of the ring in force that answer, `replicas` of them or all: first the primary.
   * After a failure the last one may not have all items yet.
   */
  readonly holders: readonly number[];
}

/** The keys whose points are above the last point of the arc before, up to `last`. */
export interface Arc {
  readonly last: number;
  readonly group: Group;
}

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
  readonly groups: readonly Group[];
  /** In ascending order of `last`; keys above the last arc belong to the group of the first. */
  readonly arcs: readonly Arc[];
  readonly #lasts: Uint32Array;
  readonly #groupsOfArcs: Uint32Array;

  constructor(topology: ClusterTopology) {
    this.topology = topology;
    const table = new GroupTable(topology);
    this.arcs = joinArcs(table.bounds().map((last) => ({ last, group: table.groupAt(last) })));
    this.groups = table.groups;
    this.#lasts = Uint32Array.from(this.arcs, ({ last }) => last);
    this.#groupsOfArcs = Uint32Array.from(this.arcs, ({ group }) => group.index);
  }

  /** The group of the key `bytes[start … end)`. It allocates nothing. */
  groupOf(bytes: Uint8Array, start: number, end: number): Group {
    if (this.groups.length === 1) return this.groups[0]!;
    return this.groupAt(md5Start(bytes, start, end));
  }

  /** The group of the keys at a point of the ring. */
  groupAt(point: number): Group {
    return this.groups[this.#groupsOfArcs[firstFrom(this.#lasts, point)]!]!;
  }
}

/** The members that keep the items of a group: first the primary, if there is one. */
export function keepersOf({ primary, receivers }: Group): readonly number[] {
  return primary < 0 ? receivers : [primary, ...receivers];
}

/** Computes the group of each point, and keeps each distinct group once. */
class GroupTable {
  readonly groups: Group[] = [];
  readonly #topology: ClusterTopology;
  readonly #inForce: MemberRing;
  readonly #next: MemberRing;
  readonly #known = new Map<string, Group>();

  constructor(topology: ClusterTopology) {
    this.#topology = topology;
    const { members } = topology;
    this.#inForce = new MemberRing(members, indexesOf(members, 'inRing'));
    this.#next = hasNextRing(members)
      ? new MemberRing(members, indexesOf(members, 'inNextRing'))
      : this.#inForce;
  }

  /** The last point of each arc within which all keys meet the same members. */
  bounds(): readonly number[] {
    const points = new Set([...this.#inForce.points, ...this.#next.points]);
    return points.size === 0 ? [0] : [...points].sort((a, b) => a - b);
  }

  groupAt(point: number): Group {
    const holders = this.#holdersAt(point);
    const { answering, filling } = holders;
    const met = [...answering, ...filling];
    if (this.#next !== this.#inForce) met.push(...this.#nextHoldersAt(point));
    const primary = answering[0] ?? -1;
    const receivers = [...new Set(met)].filter((member) => member !== primary);
    return this.#intern(primary, receivers, answering);
  }

  #holdersAt(point: number): { readonly answering: number[]; readonly filling: number[] } {
    const { members, replicas } = this.#topology;
    const answering: number[] = [];
    const filling: number[] = [];
    this.#inForce.walk(point, (member) => {
      const { isUp, answers } = STATE_RULES[members[member]!.state];
      if (answers) answering.push(member);
      else if (isUp) filling.push(member);
      return answering.length === replicas;
    });
    return { answering, filling };
  }

  /** The members that will hold a key, and those among them that are filled until then. */
  #nextHoldersAt(point: number): readonly number[] {
    const { members, replicas } = this.#topology;
    const met: number[] = [];
    let serving = 0;
    this.#next.walk(point, (member) => {
      const { state } = members[member]!;
      if (STATE_RULES[state].isUp) met.push(member);
      if (state === 'serving' || state === 'joining') serving++;
      return serving === replicas;
    });
    return met;
  }

  #intern(primary: number, receivers: readonly number[], holders: readonly number[]): Group {
    const name = `${primary}|${receivers.join()}|${holders.join()}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const group = { index: this.groups.length, primary, receivers, holders };
    this.groups.push(group);
    this.#known.set(name, group);
    return group;
  }
}

function indexesOf(members: readonly Member[], ring: 'inRing' | 'inNextRing'): readonly number[] {
  return [...members.keys()].filter((at) => {
    const { weight, state } = members[at]!;
    return weight > 0 && STATE_RULES[state][ring];
  });
}

function hasNextRing(members: readonly Member[]): boolean {
  return members.some(({ weight, state }) => {
    const { inRing, inNextRing } = STATE_RULES[state];
    return weight > 0 && inRing !== inNextRing;
  });
}

/** Joins neighbours of the same group; the circle's first and last arc stay apart. */
function joinArcs(arcs: readonly Arc[]): readonly Arc[] {
  return arcs.filter(({ group }, at) => at === arcs.length - 1 || arcs[at + 1]!.group !== group);
}
