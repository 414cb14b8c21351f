import {
  type ClusterTopology,
  decodeTopology,
  type Member,
  readMember,
  TopologyError,
} from '../../../topology/index.ts';
import type { PastChange } from '../../changes/change-events.ts';
import type { MemberReport } from '../../node/main-cluster.ts';
import type { NodeFacts } from '../../node-messages.ts';
import type { EtcdKey } from './etcd-wire.ts';
import { countOf, type Fields, fieldsOf } from './fields.ts';
import {
  decodeRemoval,
  decodeReplacement,
  decodeRestart,
  type Removal,
  type Replacement,
  type Restart,
} from './orders.ts';
import type { EtcdState } from './prefix-follower.ts';

/**
 * The keys of a cluster in etcd:
 *
 *     /slabring/NAME/topologies/17   the topology of version 17; never changed, the last ones stay
 *     /slabring/NAME/changes/17      why, and when
 *     /slabring/NAME/nodes/a         the process of node a, with its report; ends with its lease,
 *                                    or says that the process has ended in order
 *     /slabring/NAME/driver          the node that changes the topology; ends with its lease
 *     /slabring/NAME/lock            the `slabring nodes` that changes nodes; ends with its lease
 *     /slabring/NAME/removals/a      an operator removes this process of node a
 *     /slabring/NAME/restarts/a      an operator restarts this process of node a
 *     /slabring/NAME/replacements/a  the next node that joins replaces node a; ends with the lease
 *                                    of the command
 *     /slabring/NAME/secret          what the members prove to each other that they know
 */
export interface ClusterKeys {
  readonly prefix: string;
  readonly change: (version: number) => string;
  readonly topology: (version: number) => string;
  readonly node: (name: string) => string;
  readonly driver: string;
  readonly lock: string;
  readonly removal: (name: string) => string;
  readonly restart: (name: string) => string;
  readonly replacement: (name: string) => string;
  readonly secret: string;
}

/** The clusters of an etcd. */
export const FOLDER = '/slabring/';

/** The name of the cluster that a key belongs to. */
export const clusterNameIn = (key: string): string => key.slice(FOLDER.length).split('/')[0]!;

export function clusterKeys(cluster: string): ClusterKeys {
  const prefix = `${FOLDER}${cluster}/`;
  return {
    prefix,
    change: (version) => `${prefix}changes/${version}`,
    topology: (version) => `${prefix}topologies/${version}`,
    node: (name) => `${prefix}nodes/${name}`,
    driver: `${prefix}driver`,
    lock: `${prefix}lock`,
    removal: (name) => `${prefix}removals/${name}`,
    restart: (name) => `${prefix}restarts/${name}`,
    replacement: (name) => `${prefix}replacements/${name}`,
    secret: `${prefix}secret`,
  };
}

/** A process that wants to be a member, or is one. */
export interface RegisteredNode {
  /** Its state has no meaning. */
  readonly member: Member;
  readonly report: MemberReport;
  /** What it has, a short while ago. */
  readonly facts: NodeFacts | undefined;
  /** The process has ended in order, and answers for nothing any more. */
  readonly hasEnded: boolean;
}

/** A process that has ended in order. */
interface EndedNode extends Pick<Member, 'name' | 'incarnation'> {
  /** The revision of its key. */
  readonly modified: number;
}

/** What etcd says of a cluster. */
export interface ClusterState {
  /** The topologies that etcd still has, by version. */
  readonly topologies: ReadonlyMap<number, ClusterTopology>;
  /** Undefined before the first one. */
  readonly newest: ClusterTopology | undefined;
  /** The processes that are alive, as far as etcd knows. */
  readonly nodes: readonly RegisteredNode[];
  /** Processes that have ended in order; the driver removes their keys. */
  readonly ended: readonly EndedNode[];
  readonly removals: readonly Removal[];
  readonly restarts: readonly Restart[];
  readonly replacements: readonly Replacement[];
  /** The revision of the last change of each order, by its key. */
  readonly orderRevisions: ReadonlyMap<string, number>;
  /** The last ones, the newest at the end. */
  readonly changes: readonly PastChange[];
  /** What the `slabring nodes` that changes nodes says of itself. */
  readonly lock: EtcdKey | undefined;
  /** The key of the driver; its value is the name of the node. */
  readonly driver: EtcdKey | undefined;
  /** Sentences about keys that cannot be read. */
  readonly malformed: readonly string[];
}

export const encodeChange = (change: PastChange): string => JSON.stringify(change);
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
  const nodes = readAll('nodes', decodeNode);
  return {
    topologies: map,
    newest: map.get(Math.max(...versions)),
    nodes: nodes.filter(({ hasEnded }) => !hasEnded),
    ended: nodes
      .filter(({ hasEnded }) => hasEnded)
      .map(({ member: { name, incarnation } }) => {
        return { name, incarnation, modified: state.get(keys.node(name))?.modified ?? 0 };
      }),
    removals: readAll('removals', decodeRemoval),
    restarts: readAll('restarts', decodeRestart),
    replacements: readAll('replacements', decodeReplacement),
    orderRevisions: new Map(
      [...state.values()]
        .filter(({ key }) => ORDER_KEY.test(key.slice(keys.prefix.length)))
        .map(({ key, modified }) => [key, modified]),
    ),
    changes: [...readAll('changes', decodeChange)].sort((a, b) => a.version - b.version),
    lock: state.get(keys.lock),
    driver: state.get(keys.driver),
    malformed,
  };
}

const ORDER_KEY = /^(removals|restarts|replacements)\//;

/** What the present values of keys say: most stay the same from one change to the next. */
const readValues = new WeakMap<EtcdKey, unknown>();

function readOnce<T>(key: EtcdKey, read: (value: string) => T): T {
  const known = readValues.get(key);
  if (known !== undefined) return known as T;
  const value = read(key.value);
  readValues.set(key, value);
  return value;
}

/** @throws {CodedError} if no slabring has written the text. */
export function decodeNode(text: string): RegisteredNode {
  const { member: fields, report, facts, hasEnded } = fieldsOf(text);
  const member = readMember(fields);
  const { name, incarnation } = member;
  return {
    member,
    report: readReport(Object(report) as Fields, name, incarnation),
    facts: facts === undefined ? undefined : readFacts(Object(facts) as Fields),
    hasEnded: hasEnded === true,
  };
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
    bytesLeft: countOf(fields, 'bytesLeft'),
    keysPerSecond: countOf(fields, 'keysPerSecond'),
    bytesPerSecond: countOf(fields, 'bytesPerSecond'),
    unreachable: unreachable.map(String),
  };
}

const readFacts = (fields: Fields): NodeFacts => ({
  items: countOf(fields, 'items'),
  bytes: countOf(fields, 'bytes'),
  memoryLimitBytes: countOf(fields, 'memoryLimitBytes'),
});

function decodeChange(text: string): PastChange {
  const fields = fieldsOf(text);
  const [version, atMs] = [countOf(fields, 'version'), countOf(fields, 'atMs')];
  return { version, atMs, reason: String(fields['reason']), by: String(fields['by'] ?? '-') };
}
