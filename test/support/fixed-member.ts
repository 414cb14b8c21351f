import { type Adopted, adoptedBy } from '../../src/cluster/thread/adopted.ts';
import { ClusterShare } from '../../src/cluster/thread/cluster-share.ts';
import { adoptOrder, type ThreadOrder } from '../../src/cluster/thread/orders.ts';
import type { ThreadArgument, ThreadReport } from '../../src/cluster/thread/thread-cluster.ts';
import { defaultServerOptions, type RunningNode, startNode } from '../../src/node/index.ts';
import type { ClusterTopology, Member } from '../../src/topology/index.ts';

const MODULE = new URL('../../src/cluster/thread/thread-cluster.ts', import.meta.url);

/** A member of a cluster without a membership: it takes its topologies from its test. */
export interface FixedMemberOptions {
  readonly member: Member;
  /** In hexadecimal digits. */
  readonly secret: string;
  readonly threads: number;
  readonly memoryLimitBytes: number;
  readonly maxItemSizeBytes?: number;
  readonly connMemoryBytes?: number;
}

export const portIn = (address: string): number => Number(address.split(':').at(-1));

export class FixedMember {
  readonly member: Member;
  readonly node: RunningNode;
  /** Where clients connect. */
  readonly address: { readonly host: string; readonly port: number };
  #adopted: Adopted | undefined;

  private constructor(member: Member, node: RunningNode) {
    this.member = member;
    this.node = node;
    this.address = { host: '127.0.0.1', port: portIn(member.address) };
  }

  static async start(options: FixedMemberOptions): Promise<FixedMember> {
    const { member, secret, ...sizes } = options;
    const { name, incarnation, address, peerAddress } = member;
    const argument: ThreadArgument = {
      identity: { cluster: 'web', name, incarnation, secret: Buffer.from(secret, 'hex') },
      peerHost: '127.0.0.1',
      peerPort: portIn(peerAddress),
      readsCopies: false,
    };
    const serving = { listen: ['127.0.0.1'], port: portIn(address), ...sizes };
    const share = ClusterShare.allocate();
    const node = await startNode(
      { ...defaultServerOptions(), ...serving },
      { cluster: { module: MODULE, share, argument, told: () => undefined } },
    );
    return new FixedMember(member, node);
  }

  /** Adopts the topology, and takes over what it gives to this member at once. */
  async adopt(topology: ClusterTopology): Promise<void> {
    const { version, members } = topology;
    const complete = 0;
    const marks = members.map(({ name, incarnation }) => ({
      name,
      incarnation,
      version,
      complete,
    }));
    await this.order({ kind: 'prepare' });
    const now = adoptedBy(topology, this.member);
    await this.order(adoptOrder(now, this.#adopted));
    this.#adopted = now;
    await this.order({ kind: 'decide', version, marks, running: [] });
    await this.order({ kind: 'clean', version });
  }

  /** What the threads of the node report of themselves. */
  async report(): Promise<readonly ThreadReport[]> {
    return (await this.node.cluster.report(undefined)) as readonly ThreadReport[];
  }

  /** Gives an order to all threads of the node. */
  order(order: ThreadOrder): Promise<readonly unknown[]> {
    return this.node.cluster.adopt(order);
  }
}
