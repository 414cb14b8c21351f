/** What a client asks of one key. */
export type KeyRequest =
  | { readonly kind: 'get' }
  /** A get without a CAS id: any holder may answer it. */
  | { readonly kind: 'peek' }
  /** `ttl`: seconds until the item expires; 0 is never. */
  | { readonly kind: 'set'; readonly value: string; readonly ttl: number }
  | { readonly kind: 'add'; readonly value: string }
  | { readonly kind: 'cas'; readonly value: string; readonly id: string }
  | { readonly kind: 'incr'; readonly by: number }
  | { readonly kind: 'delete' }
  | { readonly kind: 'flush' }
  /** No client asks this: from here on, the key may get lost once (a node has died, a flush). */
  | { readonly kind: 'vanish' }
  /** Nor this: a primary has died, so changes without a reply may be undone that were read. */
  | { readonly kind: 'undo' }
  /** Nor this: a primary has died in the mode `async`, so its last changes may be lost. */
  | { readonly kind: 'revert' };

export type KeyReply =
  /** `id`: '' for a get that asks for none. */
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
  readonly startMs: number;
  /** Infinity without a reply: then it may take effect at any later moment, or never. */
  end: number;
  endMs: number;
  /** Undefined if the client does not know what became of the request. */
  reply: KeyReply | undefined;
}

/** Takes down what the clients of a run asked and got. */
export class History {
  #operations: KeyOperation[] = [];
  readonly #nowMs: () => number;
  #now = 0;

  /** @param nowMs milliseconds; never falls */
  constructor(nowMs: () => number = () => this.#now) {
    this.#nowMs = nowMs;
  }

  /** All operations by key, in the order of their starts. */
  get byKey(): ReadonlyMap<string, readonly KeyOperation[]> {
    return Map.groupBy(this.#operations, ({ key }) => key);
  }

  /** How many requests have a reply. */
  get replyCount(): number {
    return this.#operations.filter(({ reply }) => reply !== undefined).length;
  }

  begin(client: string, key: string, request: KeyRequest): KeyOperation {
    const never = Number.POSITIVE_INFINITY;
    const open = { end: never, endMs: never, reply: undefined };
    const start = { start: this.#now++, startMs: this.#nowMs() };
    const operation: KeyOperation = { key, client, request, ...start, ...open };
    this.#operations.push(operation);
    return operation;
  }

  /** The node has certainly not executed it. */
  cancel(operation: KeyOperation): void {
    this.#operations = this.#operations.filter((one) => one !== operation);
  }

  end(operation: KeyOperation, reply: KeyReply): void {
    operation.end = this.#now++;
    operation.endMs = this.#nowMs();
    operation.reply = reply;
  }
}

/** An operation as a line of a report. */
export function lineOf({ client, request, reply, start, end }: KeyOperation): string {
  const { kind, ...asked } = request;
  const { kind: got, ...values } = reply ?? { kind: 'no reply' };
  const period = reply === undefined ? `${start}…` : `${start}…${end}`;
  const words = [kind, ...Object.values(asked), '->', got, ...Object.values(values)].map(shorten);
  return `${period} ${client}: ${words.join(' ')}`;
}

/** A long word by its first and last digits. */
export function shorten(word: string | number): string {
  const text = String(word);
  return text.length > 24 ? `${text.slice(0, 8)}…${text.slice(-8)}` : text;
}
