import {
  type ClusterTopology,
  isAtRest,
  memberOf,
  type NodeReport,
} from '../../../src/topology/index.ts';
import type { SimProcess } from './process.ts';
import type { ProcessesOptions } from './processes.ts';

export interface ClusterOptions extends Omit<ProcessesOptions, 'grantMs'> {
  readonly nodes: number;
  readonly replicas: number;
  readonly replication: ClusterTopology['replication'];
}

/** What a run tells of, and asks of, the membership of a simulated cluster. */
export interface SimMembership {
  readonly topology: ClusterTopology;
  readonly running: readonly SimProcess[];
  /** Whether no change is under way, and all members have done what the topology asks. */
  readonly isAtRest: boolean;
  /** What the cluster waits for, as text. */
  readonly waitsFor: string;
  join(): void;
  leave(name: string): void;
  /** A new node takes the place of this one. */
  replace(name: string): void;
  /** The process ends; another one starts. */
  kill(process: SimProcess): void;
  /** The membership cannot be reached, by one host or by all, for so long. */
  darken(host: string | undefined, ms: number): void;
  /** The membership can be reached again. */
  heal(): void;
  /** The membership forgets its last topologies. */
  forget(): void;
  /** The run is over. */
  release(): void;
}

/** The process of a member ends, or the topology says so: what it alone has is lost. */
export type MemberEnding = (name: string) => void;

/** Whether all members serve, and have done what the topology asks, as far as they say. */
export function isSettled(
  topology: ClusterTopology,
  reportOf: (name: string) => NodeReport | undefined,
): boolean {
  return (
    isAtRest(topology) &&
    topology.members.every(({ name, incarnation, state }) => {
      const report = reportOf(name);
      if (state !== 'serving' || report?.incarnation !== incarnation) return false;
      const { adopted, clean, complete } = report;
      return [adopted, clean, complete].every((version) => version === topology.version);
    })
  );
}

/** A topology as a line of the report of a violation. */
export function describe({ version, members }: ClusterTopology, reason: string): string {
  const states = members.map(({ name, incarnation, state }) => `${name}#${incarnation} ${state}`);
  return `topology ${version}: ${reason} (${states.join(', ')})`;
}

/** The states of members that keep what they have. */
const KEEPING = new Set(['serving', 'joining', 'leaving']);

/** Whether each key has a holder that keeps it if the process of this member ends now. */
export function mayEnd(
  { topology, running }: Pick<SimMembership, 'topology' | 'running'>,
  name: string,
): boolean {
  if (memberOf(topology, name) === undefined) return true;
  const others = topology.members.filter((member) => member.name !== name);
  return (
    topology.replicas > 1 &&
    others.length > 0 &&
    others.every(({ name: other, incarnation, state }) => {
      const runs = running.some(
        ({ options }) => options.name === other && options.incarnation === incarnation,
      );
      return KEEPING.has(state) && runs;
    })
  );
}
