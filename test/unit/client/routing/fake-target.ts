import type { Operation } from '../../../../src/client/connection/operation.ts';
import type { FailureCode } from '../../../../src/client/errors.ts';
import { replyOf } from '../../../../src/client/routing/attempt.ts';
import type { Target } from '../../../../src/client/routing/route.ts';
import { keysOf, type Reply } from '../../../../src/protocol/client.ts';

/** A node without a socket: it holds what a test puts in, and fails when the test says so. */
export class FakeTarget implements Target {
  readonly name: string;
  readonly items: Map<string, string>;
  /** What was asked of it: `verb key,key`. */
  readonly asked: string[] = [];
  readonly forgotten: string[] = [];
  isDown = false;
  failure: FailureCode | undefined;

  constructor(name: string, items: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.items = new Map(Object.entries(items));
  }

  forget(key: string): void {
    this.forgotten.push(key);
  }

  send(operation: Operation): void {
    const { request } = operation;
    this.asked.push(`${request.verb} ${keysOf(request).join()}`);
    if (this.failure !== undefined) {
      operation.fail(this.failure, this.name);
    } else if (request.verb === 'get-many') {
      for (const [index, key] of request.keys.entries()) {
        if (this.items.has(key)) operation.item(this.#value(key, index), this.name);
      }
      operation.answer(replyOf('done'), this.name, 0);
    } else if (request.verb === 'get' && this.items.has(request.key)) {
      operation.answer(this.#value(request.key, 0), this.name, 0);
    } else {
      operation.answer(replyOf(request.verb === 'store' ? 'done' : 'miss'), this.name, 0);
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
