import type { FailureCode } from '../../../../src/client/base/errors.ts';
import type { Operation } from '../../../../src/client/connection/operation.ts';
import { replyOf } from '../../../../src/client/routing/attempt.ts';
import type { Target } from '../../../../src/client/routing/target.ts';
import { keysOf, type Reply } from '../../../../src/protocol/client.ts';

/** A node without a socket. A test sets its items and its failure. */
export class FakeTarget implements Target {
  readonly name: string;
  readonly items: Map<string, string>;
  /** The requests that the target received, as `verb key,key`. */
  readonly requests: string[] = [];
  readonly invalidated: string[] = [];
  isDown = false;
  readonly isNew = false;
  failure: FailureCode | undefined;
  /** The error line that the node replies to every request. */
  refusal: string | undefined;

  constructor(name: string, items: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.items = new Map(Object.entries(items));
  }

  invalidate(key: string): void {
    this.invalidated.push(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    this.requests.push(`${request.verb} ${keysOf(request).join()}`);
    if (this.failure !== undefined) {
      operation.fail(this.failure, this.name);
    } else if (this.refusal !== undefined) {
      operation.fail('ERR_REFUSED', this.name, { detail: this.refusal });
    } else if (request.verb === 'get-many') {
      for (const [index, key] of request.keys.entries()) {
        if (this.items.has(key)) operation.receiveItem(this.#value(key, index), this.name);
      }
      operation.complete(replyOf('done'), this.name, 0);
    } else if (request.verb === 'get' && this.items.has(request.key)) {
      operation.complete(this.#value(request.key, 0), this.name, 0);
    } else {
      operation.complete(replyOf(request.verb === 'store' ? 'done' : 'miss'), this.name, 0);
    }
  }

  #value(key: string, index: number): Reply {
    const bytes = Buffer.from(this.items.get(key)!);
    const reply = replyOf('value');
    reply.setValue(bytes, 0, bytes.length, true);
    reply.index = index;
    return reply;
  }
}
