import type { CodedError } from '../../base/index.ts';

/** What one end of an input changed: acknowledged when all deliveries of it are. */
export interface ChangeGroup {
  /** Opens a delivery. */
  open(): void;
  /** Settles a delivery, each one once. */
  settle(error?: CodedError): void;
}

type Acknowledge = (error?: CodedError) => void;

/** Counts the changes that receivers have not acknowledged, by the topology of the change. */
export class ChangeGroups {
  /** Open groups by version. */
  readonly #open = new Map<number, number>();
  readonly #waiters: { readonly version: number; readonly resolve: () => void }[] = [];

  /**
   * A group of changes that were made under `version`. The caller holds one delivery of it, so it
   * cannot end before the caller settles that.
   */
  begin(version: number, acknowledge: Acknowledge | undefined): ChangeGroup {
    this.#open.set(version, (this.#open.get(version) ?? 0) + 1);
    let deliveries = 1;
    let failure: CodedError | undefined;
    return {
      open: () => void deliveries++,
      settle: (error) => {
        failure ??= error;
        if (--deliveries > 0) return;
        this.#end(version);
        acknowledge?.(failure);
      },
    };
  }

  /** The groups that are open. */
  get count(): number {
    return [...this.#open.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Resolves once all changes of topologies before `version` are acknowledged. */
  drained(version: number): Promise<void> {
    if (!this.#hasBefore(version)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ version, resolve }));
  }

  #hasBefore(version: number): boolean {
    return [...this.#open.keys()].some((open) => open < version);
  }

  #end(version: number): void {
    const left = this.#open.get(version)! - 1;
    if (left > 0) return void this.#open.set(version, left);
    this.#open.delete(version);
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#hasBefore(waiter.version)) this.#waiters.push(waiter);
      else waiter.resolve();
    }
  }
}
