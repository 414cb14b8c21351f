import { CodedError } from '../../base/index.ts';
import type { ClusterSeat } from './cluster-seat.ts';

/** How often one request waits for a decision about its keys. */
const WAITS_MAX = 8;

/** The wait of one session for a key of which the cluster has not decided who answers for it. */
export class KeyDecision {
  readonly #seat: ClusterSeat;
  readonly #wake: () => void;
  #isPending = false;
  #waitCount = 0;
  #refusal: CodedError | undefined;

  constructor(seat: ClusterSeat, wake: () => void) {
    this.#seat = seat;
    this.#wake = wake;
  }

  get isPending(): boolean {
    return this.#isPending;
  }

  /** Begins to wait, and later calls `wake`; returns the reason if the request must fail now. */
  wait(): CodedError | undefined {
    const refusal = this.#refusal ?? (this.#waitCount === WAITS_MAX ? undecided() : undefined);
    if (refusal !== undefined) {
      this.reset();
      return refusal;
    }
    this.#waitCount++;
    this.#isPending = true;
    this.#seat.settled().then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(error instanceof CodedError ? error : undecided()),
    );
    return undefined;
  }

  /** A key has been located: the next wait is one of another request. */
  reset(): void {
    this.#waitCount = 0;
    this.#refusal = undefined;
  }

  #end(refusal: CodedError | undefined): void {
    this.#isPending = false;
    this.#refusal = refusal;
    this.#wake();
  }
}

function undecided(): CodedError {
  return new CodedError(
    'ERR_KEY_UNDECIDED',
    'the cluster changes: no node answers for the key yet',
  );
}

/** Why a request fails whose key has no primary. */
export function nobody(): CodedError {
  return new CodedError('ERR_NO_PRIMARY', 'no node of the cluster answers for the key');
}
