import type { ReloadPart } from '../commands/index.ts';

type Outcome = Promise<string | undefined>;

/**
 * Bounds the reloads of a node, however many callers ask for one: of each part, one reload runs and
 * one waits. The waiting one starts later than its callers, so it sees their changes.
 */
export class ReloadQueue {
  readonly #run: (part: ReloadPart) => Outcome;
  readonly #running = new Map<ReloadPart, Outcome>();
  readonly #waiting = new Map<ReloadPart, Outcome>();

  constructor(run: (part: ReloadPart) => Outcome) {
    this.#run = run;
  }

  reload(part: ReloadPart): Outcome {
    const waiting = this.#waiting.get(part) ?? this.#runNext(part);
    this.#waiting.set(part, waiting);
    return waiting;
  }

  async #runNext(part: ReloadPart): Outcome {
    // The callers of the previous reload get its error.
    await this.#running.get(part)?.catch(() => {});
    this.#waiting.delete(part);
    const running = this.#run(part);
    this.#running.set(part, running);
    return running;
  }
}
