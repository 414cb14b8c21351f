import { NodeConnection, type NodeOptions } from '../connection/node.ts';
import type { Operation } from '../connection/operation.ts';
import type { KnownNode } from '../discovery/discovery.ts';
import type { CacheError } from '../errors.ts';
import type { OperationKind } from '../observe/metrics.ts';
import { NodeObserver } from '../observe/node-observer.ts';
import { casTagOf, concernsCas, sendTagged } from './cas-tags.ts';
import { MissedWrites } from './missed-writes.ts';
import type { Target } from './route.ts';

/** What a fleet is told of its nodes. */
export interface MemberEvents {
  up(node: string): void;
  down(node: string, reason: CacheError): void;
  failed(error: CacheError, kind: OperationKind): void;
  /** Whether no node at all is up, so that one that is down is tried nevertheless. */
  isNobodyUp(): boolean;
}

export interface MemberOptions extends NodeOptions {
  /** Milliseconds that the deletion of what it missed may take. */
  readonly deadlineMs: number;
  /** Whether its CAS ids say that they are its own. */
  readonly tagsCas: boolean;
}

/** One node of the fleet: its connections, what is counted of it, and what it missed. */
export class Member implements Target {
  readonly observer: NodeObserver;
  readonly #connection: NodeConnection;
  readonly #missed: MissedWrites;
  /** Its mark in CAS ids, where they have one. */
  readonly #casTag: bigint | undefined;
  #hasLeft = false;

  constructor(node: KnownNode, options: MemberOptions, events: MemberEvents) {
    const { name } = node;
    this.observer = new NodeObserver(name, events.failed);
    this.#casTag = options.tagsCas ? casTagOf(name) : undefined;
    this.#missed = new MissedWrites(this, options.deadlineMs);
    this.#connection = new NodeConnection(node, options, {
      begin: (operation) => this.observer.begin(operation),
      up: () => {
        if (this.#hasLeft) return;
        this.#missed.replay();
        this.observer.tellChange('up');
        events.up(name);
      },
      down: (reason) => {
        // Another node may have its name by now.
        if (this.#hasLeft) return;
        this.observer.tellChange('down', reason);
        events.down(name, reason);
      },
      isLastResort: () => events.isNobodyUp(),
    });
  }

  get name(): string {
    return this.#connection.name;
  }

  get isDown(): boolean {
    return this.#hasLeft || this.#connection.isDown;
  }

  send(operation: Operation): void {
    if (this.#hasLeft) {
      operation.fail('ERR_NODE_DOWN', this.name);
      return;
    }
    this.#missed.before(operation.request);
    if (this.#casTag !== undefined && concernsCas(operation.request)) {
      sendTagged(this.#connection, this.#casTag, operation);
    } else {
      this.#connection.send(operation);
    }
  }

  forget(key: string): void {
    if (!this.#hasLeft) this.#missed.add(key);
  }

  /** Whether what it has under `key` is known to be out of date. */
  hasForgotten(key: string): boolean {
    return this.#missed.has(key);
  }

  /** It takes no more operations; those it has may end, then its connections are closed. */
  leave(): Promise<void> {
    this.#hasLeft = true;
    return this.#connection.close();
  }

  /** The client closes. */
  close(): Promise<void> {
    return this.#connection.close();
  }
}
