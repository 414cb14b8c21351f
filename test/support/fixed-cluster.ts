import { randomBytes } from 'node:crypto';
import { type ClusterTopology, KeyGroups, type Member } from '../../src/topology/index.ts';
import { FixedMember } from './fixed-member.ts';
import { freePort } from './ports.ts';

const MEMORY_BYTES = 64 * 1024 * 1024;
const SECRET_BYTES = 32;

interface FixedClusterOptions {
  /** Weights of the members; a weight of 0 is a proxy. @default three of weight 1 */
  readonly weights?: readonly number[];
  readonly replicas?: number;
  readonly threads?: number;
}

/**
 * Nodes in this process whose topologies come from the test: no membership, and no copies of items
 * that move.
 */
export class FixedCluster {
  readonly nodes: readonly FixedMember[];
  topology: ClusterTopology;

  private constructor(nodes: readonly FixedMember[], topology: ClusterTopology) {
    this.nodes = nodes;
    this.topology = topology;
  }

  static async start(options: FixedClusterOptions = {}): Promise<FixedCluster> {
    const { weights = [1, 1, 1], replicas = 1, threads = 2 } = options;
    const topology = await fixedTopology(weights, replicas);
    const common = { secret: newSecret(), threads, memoryLimitBytes: MEMORY_BYTES };
    const starts = topology.members.map((member) => FixedMember.start({ member, ...common }));
    const cluster = new FixedCluster(await Promise.all(starts), topology);
    await cluster.adopt(topology);
    return cluster;
  }

  /** A key whose primary is the nth node; another one for each prefix. */
  keyAt(nth: number, prefix = 'key'): string {
    const groups = new KeyGroups(this.topology);
    for (let number = 0; ; number++) {
      const key = Buffer.from(`${prefix}-${number}`);
      if (groups.groupOf(key, 0, key.length).primary === nth) return key.toString();
    }
  }

  /** All nodes adopt the topology. */
  async adopt(topology: ClusterTopology): Promise<void> {
    this.topology = topology;
    await Promise.all(this.nodes.map((node) => node.adopt(topology)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(({ node }) => node.stop()));
  }
}

const newSecret = (): string => randomBytes(SECRET_BYTES).toString('hex');

/** A topology of members that serve on free ports. */
async function fixedTopology(
  weights: readonly number[],
  replicas: number,
): Promise<ClusterTopology> {
  const members: Member[] = [];
  for (const [at, weight] of weights.entries()) members.push(await newMember(at, weight));
  return { cluster: 'web', version: 1, replicas, replication: 'sync', members };
}

async function newMember(at: number, weight: number): Promise<Member> {
  return {
    name: `node-${at + 1}`,
    address: `127.0.0.1:${await freePort()}`,
    peerAddress: `127.0.0.1:${await freePort()}`,
    weight,
    zone: '',
    incarnation: at + 1,
    state: 'serving',
  };
}
