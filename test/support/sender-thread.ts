import { assert, type CodedError } from '../../src/base/index.ts';
import { adoptedBy } from '../../src/cluster/thread/adopted.ts';
import { Handover } from '../../src/cluster/thread/handover.ts';
import { Sender } from '../../src/cluster/thread/sender.ts';
import { StateService } from '../../src/cluster/thread/state-service.ts';
import { TopologyView } from '../../src/cluster/thread/topology-view.ts';
import type { ClusterTopology, Member } from '../../src/topology/index.ts';
import { memberWith } from './cluster-topologies.ts';
import { CopyNode } from './copy-node.ts';
import { HeldLink } from './held-links.ts';
import { ManualTimers } from './manual-timers.ts';
import type { StoreOptions } from './session-harness.ts';

/** One thread of a member: a store, what it sends, and what it takes. */
export class TestThread {
  readonly node: CopyNode;
  readonly timers = new ManualTimers();
  readonly links = new Map<string, HeldLink>();
  readonly reached: [string, boolean][] = [];
  readonly view = new TopologyView(this.timers);
  readonly handover = new Handover();
  readonly states: StateService;
  readonly sender: Sender;
  readonly #self: { readonly name: string; readonly incarnation: number };

  constructor(nth: number, options: Partial<StoreOptions> = {}) {
    this.node = new CopyNode({ threads: 2, ...options });
    const { name, incarnation } = memberWith(nth);
    this.#self = { name, incarnation };
    const { copies } = this.node;
    const { timers, view, handover } = this;
    this.states = new StateService({ copies, timers, view, handover });
    this.sender = new Sender({
      copies,
      timers: this.timers,
      linkTo: (member) => this.linkTo(this.view.memberAt(member)!),
      reached: (peer, isReached) => void this.reached.push([peer.name, isReached]),
    });
  }

  linkTo({ name, incarnation }: Pick<Member, 'name' | 'incarnation'>): HeldLink {
    const key = `${name}#${incarnation}`;
    const link = this.links.get(key) ?? new HeldLink(this.#self);
    this.links.set(key, link);
    return link;
  }

  adopt(topology: ClusterTopology): void {
    const adopted = adoptedBy(topology, this.#self);
    this.view.adopt(adopted);
    this.handover.adopt(adopted);
    this.sender.adopt(adopted);
    this.view.wake();
  }

  /** Executes a request as a session does, and resolves with its acknowledgement. */
  execute(request: string, ...keys: readonly string[]): Acknowledged {
    for (const key of keys) this.sender.changing(Buffer.from(key), 0, key.length);
    this.node.send(request);
    for (const key of keys) {
      const bytes = Buffer.from(key);
      const group = this.view.current!.groups.groupOf(bytes, 0, bytes.length);
      this.sender.changed(group, bytes, 0, bytes.length);
    }
    return this.seal();
  }

  /** Executes sets as the fast path of a session does, one run for each. */
  executeFast(...requests: readonly string[]): Acknowledged {
    const { fastPath, sink } = this.node;
    const { changes } = fastPath!;
    fastPath!.keepsChanges = this.sender.hidesChanges ? 'hidden' : 'yes';
    for (const request of requests) {
      const limits = { outputBytes: 1000, isBinary: false, mayWrite: false, maySet: true };
      fastPath!.run(Buffer.from(request), 0, request.length, sink, 100, limits);
      assert(fastPath!.at === request.length, 'the fast path answers the request');
      this.sender.changedFast(changes);
      changes.clear();
    }
    return this.seal();
  }

  seal(): Acknowledged {
    const acknowledged: Acknowledged = { isWaiting: false, count: 0, error: undefined };
    acknowledged.isWaiting = this.sender.seal((error) => {
      acknowledged.count++;
      acknowledged.error = error;
    });
    return acknowledged;
  }

  /** Whether a read of the key by another thread of the node must wait. */
  isOpen(key: string): boolean {
    return this.node.threads[1]!.changes.isOpen(Buffer.from(key), 0, key.length);
  }

  get(key: string): string {
    return this.node.send(`get ${key}\r\n`);
  }
}

interface Acknowledged {
  isWaiting: boolean;
  count: number;
  error: CodedError | undefined;
}

export const hit = (key: string, value: string): string =>
  `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`;
export const MISS = 'END\r\n';

/** Keys of which a member is the primary. */
export function keysOf(topology: ClusterTopology, nth: number, count = 1): readonly string[] {
  const { groups, self: at } = adoptedBy(topology, memberWith(nth));
  return Array.from({ length: 10_000 }, (_, number) => `key-${number}`)
    .filter((key) => groups.groupOf(Buffer.from(key), 0, key.length).primary === at)
    .slice(0, count);
}
