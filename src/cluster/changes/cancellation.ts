import { CodedError } from '../../base/index.ts';
import type { ChangeAction } from './change-events.ts';

/**
 * How far the change of one node is: the topology does not have it yet; it is in the topology, and
 * not in force; or it is in force.
 */
type Phase = 'starts' | 'moves' | 'is in force';

/** Lets a change be given up until the new ring is in force. */
export class Cancellation {
  phase: Phase = 'starts';
  readonly #action: ChangeAction;
  readonly #controller = new AbortController();
  #node = '';
  /** The nodes whose turn comes later. */
  #later: readonly string[] = [];

  constructor(action: ChangeAction) {
    this.#action = action;
  }

  /** Aborts with a CodedError `ERR_CHANGE` when the change is given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The change of a node begins, unless the change has been given up. */
  next(node: string, later: readonly string[]): void {
    this.signal.throwIfAborted();
    this.phase = 'starts';
    this.#node = node;
    this.#later = later;
  }

  /** What would be given up now, such as `restart node-2, node-3`; undefined if it is too late. */
  get scope(): string | undefined {
    const nodes = this.phase === 'is in force' ? this.#later : [this.#node, ...this.#later];
    return nodes.length === 0 ? undefined : `${this.#action} ${nodes.join(', ')}`;
  }

  request(): void {
    const text = 'It was given up by `slabring nodes cancel`.';
    this.#controller.abort(new CodedError('ERR_CHANGE', text));
  }
}
