import { CodedError } from '../base/index.ts';
import type { CreateThreadCluster, ThreadCluster, ThreadClusterHost } from '../node/index.ts';
import { DIALECT } from '../protocol/index.ts';
import { type ClusterSeat, type ForwardedRun, READ_BUFFER_BYTES } from '../server/index.ts';
import { Placement, type PlacementOptions, readProxiedNodes } from './placement.ts';
import { ProxiedNode } from './proxied-node.ts';

/** What the main thread passes to each worker thread. */
export interface ProxyArgument extends PlacementOptions {
  readonly nodes: readonly string[];
  readonly timeoutMs: number;
}

/** What a thread tells the main thread: a connection to a node has failed. */
export interface FailureNotice {
  readonly node: number;
  readonly reason: string;
}

/** What the main thread tells all threads: the nodes that are down, with the reasons. */
export type DownOrder = readonly (readonly [node: number, reason: string])[];

/** The replies to a run, each of which comes by itself. */
class RunReplies {
  readonly #run: ForwardedRun;
  readonly #replies: Buffer[] = [];
  #missing: number;

  constructor(run: ForwardedRun) {
    this.#run = run;
    this.#missing = run.ends.length;
  }

  take(nth: number, reply: Buffer | CodedError): void {
    const bytes = reply instanceof CodedError ? this.#run.failure(nth, reply) : reply;
    this.#missing--;
    // A reply is valid only during the call.
    if (this.#run.ends.length === 1) this.#run.settle(bytes);
    else {
      this.#replies[nth] = Buffer.from(bytes);
      if (this.#missing === 0) this.#run.settle(Buffer.concat(this.#replies));
    }
  }
}

/** The seat of the sessions of one thread: no key is here, and no change waits for anything. */
class ProxySeat implements ClusterSeat {
  readonly hasChanges = false;
  readonly fast = 'off';
  readonly #placement: Placement;
  readonly #nodes: readonly ProxiedNode[];

  constructor(placement: Placement, nodes: readonly ProxiedNode[]) {
    this.#placement = placement;
    this.#nodes = nodes;
  }

  get version(): number {
    return this.#placement.version;
  }

  locate(bytes: Buffer, start: number, end: number): number {
    return this.#placement.nodeOf(bytes, start, end);
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  forward(node: number, run: ForwardedRun): void {
    const { dialect, bytes, ends } = run;
    const replies = new RunReplies(run);
    const isBinary = dialect === DIALECT.binary;
    let start = 0;
    ends.forEach((end, nth) => {
      const request = bytes.subarray(start, end);
      start = end;
      this.#nodes[node]!.send(isBinary, request, (reply) => replies.take(nth, reply));
    });
  }

  /** The proxy has no items. */
  holdsCopy(): boolean {
    return false;
  }

  changing(): void {}

  changed(): void {}

  changedFast(): void {}

  read(): void {}

  seal(): boolean {
    return false;
  }

  mayAnswer(): boolean {
    return true;
  }

  flushAll(exptime: number, settle: (error?: CodedError) => void): void {
    let missing = this.#nodes.length;
    let failure: CodedError | undefined;
    for (const node of this.#nodes) {
      node.flushAll(exptime, (error) => {
        failure ??= error;
        missing--;
        if (missing === 0) settle(failure);
      });
    }
  }
}

/** The proxy in one worker thread. */
class ProxyThread implements ThreadCluster {
  readonly seat: ProxySeat;
  readonly isMember = false;
  readonly #placement: Placement;
  readonly #nodes: readonly ProxiedNode[];

  constructor(host: ThreadClusterHost, argument: ProxyArgument) {
    const nodes = readProxiedNodes(argument.nodes);
    const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
    const { timeoutMs } = argument;
    this.#placement = new Placement(nodes, argument);
    this.#nodes = nodes.map((node, index) => {
      const failed = (reason: string): void => {
        const notice: FailureNotice = { node: index, reason };
        // The main thread ends when the proxy stops.
        host.tell(notice).catch(() => {});
      };
      return new ProxiedNode(node, { timeoutMs, readBuffer, failed });
    });
    this.seat = new ProxySeat(this.#placement, this.#nodes);
  }

  async start(): Promise<void> {}

  adopt(argument: unknown): void {
    const down = new Map(argument as DownOrder);
    this.#placement.setDown(new Set(down.keys()));
    for (const [index, node] of this.#nodes.entries()) node.setDown(down.get(index));
  }

  report(): void {}

  async end(): Promise<void> {
    for (const node of this.#nodes) node.destroy();
  }
}

const createThreadProxy: CreateThreadCluster = (host, argument) =>
  new ProxyThread(host, argument as ProxyArgument);
export default createThreadProxy;
