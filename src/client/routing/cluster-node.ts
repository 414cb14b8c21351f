import type { KnownNode } from '../../topology/index.ts';
import type { CacheError } from '../base/errors.ts';
import { NodeConnection, type NodeOptions } from '../connection/node.ts';
import type { Operation } from '../connection/operation.ts';
import type { ClientRuntime } from '../connection/runtime.ts';
import type { OperationKind } from '../observe/metrics.ts';
import { NodeObserver } from '../observe/node-observer.ts';
import { casTagOf, sendTagged, usesCas } from './cas-tags.ts';
import { MissedWrites } from './stale-keys.ts';
import type { Target } from './target.ts';

/** A node of the topology, as the client sees it. */
export interface NodeStatus {
  readonly name: string;
  /** Undefined before the first connection attempt has ended: the first operation connects. */
  readonly isUp: boolean | undefined;
  /** The dialect that the last connection chose. */
  readonly protocol: 'meta' | 'classic' | 'binary' | undefined;
}

/** What a node tells the cluster view. */
export interface ClusterNodeEvents {
  /** `isMember`: the node is a member of a cluster of slabring. */
  up(node: string, isMember: boolean): void;
  down(node: string, reason: CacheError): void;
  failed(error: CacheError, kind: OperationKind): void;
  /** Whether all nodes are down: then operations may probe a node that is down. */
  isEveryNodeDown(): boolean;
}

export interface ClusterNodeOptions extends NodeOptions {
  /** The deadline of deleting a key whose write the node missed. */
  readonly deadlineMs: number;
  /** Whether the CAS ids of the node carry its tag. */
  readonly tagsCas: boolean;
}

/** One node of the cluster: its connections, its metrics, and the writes that it missed. */
export class ClusterNode implements Target {
  readonly observer: NodeObserver;
  readonly #connection: NodeConnection;
  readonly #missedWrites: MissedWrites;
  /** The tag of the node in CAS ids; undefined if they carry no tags. */
  readonly #casTag: bigint | undefined;
  #hasLeft = false;

  constructor(
    node: KnownNode,
    options: ClusterNodeOptions,
    runtime: ClientRuntime,
    events: ClusterNodeEvents,
  ) {
    const { name } = node;
    this.observer = new NodeObserver(name, events.failed);
    this.#casTag = options.tagsCas ? casTagOf(name) : undefined;
    this.#missedWrites = new MissedWrites(options.deadlineMs, runtime);
    this.#connection = new NodeConnection(node, options, runtime, {
      beforeSend: (operation) => this.observer.begin(operation),
      up: (isMember) => {
        if (this.#hasLeft) return;
        this.#missedWrites.replay(this);
        this.observer.publishChange('up');
        events.up(name, isMember);
      },
      down: (reason) => {
        // A node of the current topology may have the same name.
        if (this.#hasLeft) return;
        this.observer.publishChange('down', reason);
        events.down(name, reason);
      },
      isLastResort: () => events.isEveryNodeDown(),
    });
  }

  get name(): string {
    return this.#connection.name;
  }

  get isDown(): boolean {
    return this.#hasLeft || this.#connection.isDown;
  }

  get isNew(): boolean {
    return this.#connection.isUp === undefined;
  }

  get status(): NodeStatus {
    const { name, isUp, dialect } = this.#connection;
    return { name, isUp, protocol: dialect };
  }

  send(operation: Operation): void {
    if (this.#hasLeft) {
      operation.fail('ERR_NODE_DOWN', this.name);
      return;
    }
    this.#missedWrites.beforeRequest(this, operation.request);
    if (this.#casTag !== undefined && usesCas(operation.request)) {
      sendTagged(this.#connection, this.#casTag, operation);
    } else {
      this.#connection.send(operation);
    }
  }

  invalidate(key: string): void {
    this.#missedWrites.invalidate(this, key);
  }

  /** The node left the topology: it takes no more operations, and closes when none is pending. */
  leave(): Promise<void> {
    this.#hasLeft = true;
    return this.#connection.close();
  }

  /** Called when the client closes: lets pending operations settle, then closes the connections. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}
