/** What a client asks of one key. */
export type KeyRequest =
  | { readonly kind: 'get' }
  | { readonly kind: 'set'; readonly value: string }
  | { readonly kind: 'add'; readonly value: string }
  | { readonly kind: 'cas'; readonly value: string; readonly id: string }
  | { readonly kind: 'incr'; readonly by: number }
  | { readonly kind: 'delete' }
  /** No client asks this: from here on, the key may get lost once (a node has died, a flush). */
  | { readonly kind: 'vanish' }
  /** Nor this: a primary has died, so changes without a reply may be undone that were read. */
  | { readonly kind: 'undo' };

export type KeyReply =
  | { readonly kind: 'hit'; readonly value: string; readonly id: string }
  /** The key has no item: END, NOT_FOUND. */
  | { readonly kind: 'miss' }
  /** STORED, DELETED. */
  | { readonly kind: 'done' }
  /** EXISTS of a `cas`, NOT_STORED of an `add`. */
  | { readonly kind: 'exists' }
  | { readonly kind: 'number'; readonly value: string };

/** One request of one key. Its effect is at one moment between its start and its end, if any. */
export interface KeyOperation {
  readonly key: string;
  readonly client: string;
  readonly request: KeyRequest;
  /** The order of all starts and ends of the run. */
  readonly start: number;
  /** Infinity without a reply: then it may take effect at any later moment, or never. */
  end: number;
  /** Undefined if the client does not know what became of the request. */
  reply: KeyReply | undefined;
}

/** Takes down what the clients of a run asked and got. */
export class History {
  readonly #operations: KeyOperation[] = [];
  #now = 0;

  /** All operations by key, in the order of their starts. */
  get byKey(): ReadonlyMap<string, readonly KeyOperation[]> {
    return Map.groupBy(this.#operations, ({ key }) => key);
  }

  /** How many requests have a reply. */
  get replyCount(): number {
    return this.#operations.filter(({ reply }) => reply !== undefined).length;
  }

  begin(client: string, key: string, request: KeyRequest): KeyOperation {
    const open = { end: Number.POSITIVE_INFINITY, reply: undefined };
    const operation: KeyOperation = { key, client, request, start: this.#now++, ...open };
    this.#operations.push(operation);
    return operation;
  }

  end(operation: KeyOperation, reply: KeyReply): void {
    operation.end = this.#now++;
    operation.reply = reply;
  }
}

/** An operation as a line of a report. */
export function lineOf({ client, request, reply, start, end }: KeyOperation): string {
  const { kind, ...asked } = request;
  const { kind: got, ...values } = reply ?? { kind: 'no reply' };
  const period = reply === undefined ? `${start}…` : `${start}…${end}`;
  const words = [kind, ...Object.values(asked), '->', got, ...Object.values(values)];
  return `${period} ${client}: ${words.join(' ')}`;
}
