import { extname } from 'node:path';
import type { Logger } from '../base/index.ts';
import { askOnce } from '../client/index.ts';
import type { ClusterStart, RunningNode } from '../node/index.ts';
import type { NodeAddress } from '../topology/index.ts';
import { NodeHealth } from './node-health.ts';
import { readProxiedNodes } from './placement.ts';
import type { DownOrder, FailureNotice, ProxyArgument } from './thread-proxy.ts';

const MODULE = new URL(`./thread-proxy${extname(import.meta.url)}`, import.meta.url);
/** The reply to `version`. */
const REPLY_BYTES_MAX = 1024;
/** The threads of a node of a cluster share words; those of a proxy share none. */
const SHARE_BYTES = 4;

/** A proxy before nodes that are no cluster, such as memcached, on its main thread. */
export class PlainProxy {
  readonly start: ClusterStart;
  readonly #health: NodeHealth;
  readonly #log: Logger;
  readonly #nodes: readonly NodeAddress[];
  #cluster: RunningNode['cluster'] | undefined;
  #down: DownOrder = [];

  /** @throws {TopologyError} if a node has no valid address. */
  constructor(argument: ProxyArgument, log: Logger) {
    const nodes = readProxiedNodes(argument.nodes);
    this.#nodes = nodes;
    this.#log = log;
    const request = { verb: 'version', isPadded: true } as const;
    this.#health = new NodeHealth({
      nodes,
      probe: (node) => {
        const signal = AbortSignal.timeout(argument.timeoutMs);
        return askOnce(node, request, { replyBytesMax: REPLY_BYTES_MAX, signal });
      },
      changed: (down) => this.#changed(down),
    });
    this.start = {
      module: MODULE,
      share: new SharedArrayBuffer(SHARE_BYTES),
      argument,
      told: (notice) => this.#health.suspect((notice as FailureNotice).node),
    };
  }

  /** The proxy listens. */
  attach({ cluster }: Pick<RunningNode, 'cluster'>): void {
    this.#cluster = cluster;
    this.#order();
  }

  close(): void {
    this.#health.close();
  }

  #changed(down: ReadonlyMap<number, string>): void {
    const before = new Map(this.#down);
    this.#down = [...down];
    for (const [index, reason] of down) {
      if (before.has(index)) continue;
      const node = this.#nodes[index]!.name;
      this.#log.warn({ node, reason }, `the node ${node} is down`);
    }
    for (const [index] of before) {
      if (down.has(index)) continue;
      const node = this.#nodes[index]!.name;
      this.#log.warn({ node }, `the node ${node} is up again`);
    }
    this.#order();
  }

  #order(): void {
    // An order fails only when the proxy stops.
    this.#cluster?.adopt(this.#down).catch(() => {});
  }
}
