import { CodedError } from '../base/index.ts';
import type { NodeAddress } from '../topology/index.ts';
import { type ConnectionOptions, NodeConnection } from './node-connection.ts';
import { OutgoingRequests } from './outgoing.ts';
import type { Settle } from './waiting-queue.ts';

/** A node, as one thread of a proxy sees it: a connection for each protocol, made when needed. */
export class ProxiedNode {
  readonly #name: string;
  readonly #text: NodeConnection;
  readonly #binary: NodeConnection;
  /** Why the node is down; undefined while it is up. */
  #downReason: string | undefined;

  constructor(node: NodeAddress, options: ConnectionOptions) {
    const outgoing = new OutgoingRequests();
    this.#name = node.name;
    this.#text = new NodeConnection(node, false, outgoing, options);
    this.#binary = new NodeConnection(node, true, outgoing, options);
  }

  send(isBinary: boolean, bytes: Buffer, settle: Settle): void {
    if (this.#downReason !== undefined) settle(this.#down());
    else (isBinary ? this.#binary : this.#text).send(bytes, settle);
  }

  /** @param exptime as in the request of a client. */
  flushAll(exptime: number, settle: (error?: CodedError) => void): void {
    if (this.#downReason !== undefined) {
      settle(this.#down());
      return;
    }
    this.#text.sendLine(`flush_all${exptime === 0 ? '' : ` ${exptime}`}\r\n`, (reply) => {
      if (reply instanceof CodedError) {
        settle(reply);
        return;
      }
      const line = reply.toString('latin1').trimEnd();
      const text = `the node ${this.#name} does not flush its items: ${line}`;
      settle(line === 'OK' ? undefined : new CodedError('ERR_FLUSH', text));
    });
  }

  /** What the proxy has found out about the node. */
  setDown(reason: string | undefined): void {
    this.#downReason = reason;
    this.#text.retryNow();
    this.#binary.retryNow();
  }

  destroy(): void {
    this.#text.destroy();
    this.#binary.destroy();
  }

  #down(): CodedError {
    return new CodedError('ERR_NODE_DOWN', `the node ${this.#name} is down: ${this.#downReason}`);
  }
}
