import { CodedError } from '../../base/index.ts';
import type { ForwardedRun } from '../../server/index.ts';

type Settle = (reply: Buffer | CodedError) => void;

const NO_BYTES = Buffer.alloc(0);

/** One request that goes its own way, with what has become of it so far. */
export class SingleForward implements ForwardedRun {
  readonly dialect: ForwardedRun['dialect'];
  readonly role: ForwardedRun['role'];
  readonly bytes: Buffer;
  readonly ends: readonly number[];
  readonly itemsMax: number;
  attempts = 0;
  /** When the first attempt failed; 0 before. */
  troubledSinceMs = 0;
  /** Whether an attempt may have been executed: possible for reads only. */
  isRepeated = false;
  readonly #settle: Settle;

  constructor(
    { dialect, role, itemsMax }: Pick<ForwardedRun, 'dialect' | 'role' | 'itemsMax'>,
    bytes: Buffer,
    settle: Settle,
  ) {
    this.dialect = dialect;
    this.role = role;
    this.bytes = bytes;
    this.ends = [bytes.length];
    this.itemsMax = itemsMax;
    this.#settle = settle;
  }

  settle(reply: Buffer): void {
    this.#settle(reply);
  }

  fail(error: CodedError): void {
    this.#settle(error);
  }

  failure(_nth: number, error: CodedError): Buffer {
    this.fail(error);
    return NO_BYTES;
  }

  /** A request for some of its keys, which has come as far as this one. */
  partOf(bytes: Buffer, settle: Settle): SingleForward {
    const part = new SingleForward({ ...this, itemsMax: 1 }, bytes, settle);
    part.attempts = this.attempts;
    part.troubledSinceMs = this.troubledSinceMs;
    part.isRepeated = this.isRepeated;
    return part;
  }
}

/** The requests of a run, each on its own. The run settles once all of them have. */
export function singlesOf(run: ForwardedRun): readonly SingleForward[] {
  const { bytes, ends } = run;
  const itemsMax = ends.length === 1 ? run.itemsMax : 1;
  const replies: Buffer[] = [];
  let left = ends.length;
  return ends.map((end, nth) => {
    const own = bytes.subarray(nth === 0 ? 0 : ends[nth - 1]!, end);
    return new SingleForward({ ...run, itemsMax }, own, (reply) => {
      replies[nth] = reply instanceof CodedError ? run.failure(nth, reply) : Buffer.from(reply);
      if (--left === 0) run.settle(Buffer.concat(replies));
    });
  });
}
