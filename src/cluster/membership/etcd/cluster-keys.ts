import { CodedError } from '../../../base/index.ts';
import {
  type ClusterTopology,
  decodeTopology,
  type Member,
  readMember,
  TopologyError,
} from '../../../topology/index.ts';
import type { MemberReport } from '../../node/main-cluster.ts';
import type { EtcdKey } from './etcd-wire.ts';
import type { EtcdState } from './prefix-follower.ts';

/**
 * The keys of a cluster in etcd:
 *
 *     /slabring/NAME/topologies/17   the topology of version 17; never changed, the last ones stay
 *     /slabring/NAME/nodes/a         the process of node a, with its report; ends with its lease
 *     /slabring/NAME/driver          the node that changes the topology; ends with its lease
 *     /slabring/NAME/removals/a      an operator removes this process of node a
 *     /slabring/NAME/secret          what the members prove to each other that they know
 */
export interface ClusterKeys {
  readonly prefix: string;
  readonly topology: (version: number) => string;
  readonly node: (name: string) => string;
  readonly driver: string;
  readonly removal: (name: string) => string;
  readonly secret: string;
}

export function clusterKeys(cluster: string): ClusterKeys {
  const prefix = `/slabring/${cluster}/`;
  return {
    prefix,
    topology: (version) => `${prefix}topologies/${version}`,
    node: (name) => `${prefix}nodes/${name}`,
    driver: `${prefix}driver`,
    removal: (name) => `${prefix}removals/${name}`,
    secret: `${prefix}secret`,
  };
}

/** A process that wants to be a member, or is one. */
export interface RegisteredNode {
  /** Its state has no meaning. */
  readonly member: Member;
  readonly report: MemberReport;
}

/** An operator wants that this process leaves the cluster. */
export interface Removal {
  readonly name: string;
  readonly incarnation: number;
}

/** What etcd says of a cluster. */
export interface ClusterState {
  /** The topologies that etcd still has, by version. */
  readonly topologies: ReadonlyMap<number, ClusterTopology>;
  /** Undefined before the first one. */
  readonly newest: ClusterTopology | undefined;
  readonly nodes: readonly RegisteredNode[];
  readonly removals: readonly Removal[];
  /** The key of the driver; its value is the name of the node. */
  readonly driver: EtcdKey | undefined;
  /** Sentences about keys that cannot be read. */
  readonly malformed: readonly string[];
}

export const encodeNode = (node: RegisteredNode): string => JSON.stringify(node);

/** Reads all keys of a cluster; those that no slabring has written have no effect. */
export function readClusterState(keys: ClusterKeys, state: EtcdState): ClusterState {
  const malformed: string[] = [];
  const readAll = <T>(folder: string, read: (value: string) => T): readonly T[] =>
    [...state.values()]
      .filter(({ key }) => key.startsWith(`${keys.prefix}${folder}/`))
      .flatMap((key) => {
        try {
          return [readOnce(key, read)];
        } catch (error) {
          malformed.push(`The key ${key.key} in etcd is not valid: ${(error as Error).message}`);
          return [];
        }
      });
  const topologies = readAll('topologies', decodeTopology);
  const byVersion = topologies.map((topology) => [topology.version, topology] as const);
  const versions = byVersion.map(([version]) => version);
  const map = new Map(byVersion);
  return {
    topologies: map,
    newest: map.get(Math.max(...versions)),
    nodes: readAll('nodes', decodeNode),
    removals: readAll('removals', decodeRemoval),
    driver: state.get(keys.driver),
    malformed,
  };
}

/** What the present values of keys say: most stay the same from one change to the next. */
const readValues = new WeakMap<EtcdKey, unknown>();

function readOnce<T>(key: EtcdKey, read: (value: string) => T): T {
  const known = readValues.get(key);
  if (known !== undefined) return known as T;
  const value = read(key.value);
  readValues.set(key, value);
  return value;
}

type Fields = Readonly<Record<string, unknown>>;

/** @throws {CodedError} if no slabring has written the text. */
export function decodeNode(text: string): RegisteredNode {
  const { member, report } = fieldsOf(text);
  const { name, incarnation } = readMember(member);
  return { member: readMember(member), report: readReport(Object(report), name, incarnation) };
}

function readReport(fields: Fields, name: string, incarnation: number): MemberReport {
  const unreachable = fields['unreachable'] ?? [];
  if (!Array.isArray(unreachable)) throw new TopologyError('unreachable is no list.');
  return {
    name,
    incarnation,
    adopted: countOf(fields, 'adopted'),
    complete: countOf(fields, 'complete'),
    clean: countOf(fields, 'clean'),
    keysMoved: countOf(fields, 'keysMoved'),
    bytesMoved: countOf(fields, 'bytesMoved'),
    keysLeft: countOf(fields, 'keysLeft'),
    unreachable: unreachable.map(String),
  };
}

function decodeRemoval(text: string): Removal {
  const fields = fieldsOf(text);
  return { name: String(fields['name']), incarnation: countOf(fields, 'incarnation') };
}

function fieldsOf(text: string): Fields {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new CodedError('ERR_ETCD', 'it is no object.');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function countOf(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new CodedError('ERR_ETCD', `${name} is no whole number.`);
}
