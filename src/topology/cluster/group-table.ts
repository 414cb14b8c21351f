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

/** Computes the group of each point, and keeps each distinct group once. */
export class GroupTable {
  readonly groups: Group[] = [];
  readonly #topology: ClusterTopology;
  readonly #inForce: MemberRing;
  readonly #next: MemberRing;
  readonly #known = new Map<string, Group>();

  constructor(topology: ClusterTopology) {
    this.#topology = topology;
    const { members } = topology;
    this.#inForce = MemberRing.of(members, indexesOf(members, 'inRing'));
    this.#next = hasNextRing(members)
      ? MemberRing.of(members, indexesOf(members, 'inNextRing'))
      : this.#inForce;
  }

  /** The arcs of the circle, in ascending order. */
  arcs(): readonly Arc[] {
    return joinArcs(this.#bounds().map((last) => ({ last, group: this.#groupAt(last) })));
  }

  /** The last point of each arc within which all keys meet the same members. */
  #bounds(): readonly number[] {
    const points = new Set([...this.#inForce.points, ...this.#next.points]);
    return points.size === 0 ? [0] : [...points].sort((a, b) => a - b);
  }

  #groupAt(point: number): Group {
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
