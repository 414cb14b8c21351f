import { setTimeout as sleep } from 'node:timers/promises';
import type { CacheClient } from '../../client/index.ts';
import { NO_REPLY } from './connection-reasons.ts';
import { failureOf, type NodeResult } from './each-node.ts';

/** How the polls reach the nodes. */
interface PollOptions<T> {
  /** The nodes at this moment. */
  readonly nodes: () => readonly string[];
  /** Opens a client of one node. */
  readonly open: (node: string) => CacheClient;
  readonly request: (cache: CacheClient) => Promise<T>;
  /** Changes a failure before anybody sees it. */
  readonly mapped: (result: NodeResult<T>) => NodeResult<T>;
  readonly usesTls: boolean;
}

interface Poll<T> {
  readonly cache: CacheClient;
  /** Undefined when no request is pending. */
  pending: Promise<void> | undefined;
  /** What the last request came to; undefined before the first reply. */
  last: NodeResult<T> | undefined;
}

/**
 * Sends the same request to each node again and again, on one connection for each. A node has at
 * most one request pending, so a node that hangs delays no other and gathers no requests.
 */
export class NodePolls<T> {
  readonly #options: PollOptions<T>;
  readonly #polls = new Map<string, Poll<T>>();

  constructor(options: PollOptions<T>) {
    this.#options = options;
  }

  /** Asks all nodes; resolves when all have replied or failed, at the latest after `waitMs`. */
  async round(waitMs: number): Promise<readonly NodeResult<T>[]> {
    await this.#follow();
    const asked = [...this.#polls].map(([node, poll]) => this.#ask(node, poll));
    const timer = new AbortController();
    const late = sleep(waitMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([Promise.all(asked), late]);
    timer.abort();
    return [...this.#polls].map(([node, poll]) => resultOf(node, poll));
  }

  async close(): Promise<void> {
    const polls = [...this.#polls.values()];
    this.#polls.clear();
    await Promise.all(polls.map(({ cache }) => cache.close()));
  }

  /** Follows the topology: nodes may come and go. */
  async #follow(): Promise<void> {
    const nodes = this.#options.nodes();
    for (const node of nodes) {
      if (this.#polls.has(node)) continue;
      const cache = this.#options.open(node);
      this.#polls.set(node, { cache, pending: undefined, last: undefined });
    }
    const gone = [...this.#polls].filter(([node]) => !nodes.includes(node));
    for (const [node] of gone) this.#polls.delete(node);
    await Promise.all(gone.map(([, { cache }]) => cache.close()));
  }

  #ask(node: string, poll: Poll<T>): Promise<void> {
    poll.pending ??= this.#request(node, poll).finally(() => {
      poll.pending = undefined;
    });
    return poll.pending;
  }

  async #request(node: string, poll: Poll<T>): Promise<void> {
    const { request, mapped, usesTls } = this.#options;
    try {
      poll.last = { node, value: await request(poll.cache) };
    } catch (error) {
      poll.last = mapped({ node, failure: await failureOf(error, usesTls) });
    }
  }
}

/** Without a reply the last reason holds; what the node did before does not. */
function resultOf<T>(node: string, { pending, last }: Poll<T>): NodeResult<T> {
  const isFresh = pending === undefined || last?.failure !== undefined;
  return isFresh && last !== undefined
    ? last
    : { node, failure: { ...NO_REPLY, isRefusal: false } };
}
