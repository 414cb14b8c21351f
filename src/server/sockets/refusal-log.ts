/** Why the node closes a connection to protect itself. */
export type Refusal = 'handshakes' | 'loginTimeouts' | 'bufferMemory';

const WINDOW_MS = 1000;

/** Runs a callback once, at the end of the window. */
type Schedule = (run: () => void) => void;

const afterWindow: Schedule = (run) => void setTimeout(run, WINDOW_MS).unref();

/** Reports the refusals of a thread once a second, however many there are. */
export class RefusalLog {
  readonly #report: (counts: Readonly<Partial<Record<Refusal, number>>>) => void;
  readonly #schedule: Schedule;
  #counts: Partial<Record<Refusal, number>> = {};
  #windowIsOpen = false;

  constructor(
    report: (counts: Readonly<Partial<Record<Refusal, number>>>) => void,
    schedule: Schedule = afterWindow,
  ) {
    this.#report = report;
    this.#schedule = schedule;
  }

  add(refusal: Refusal): void {
    this.#counts[refusal] = (this.#counts[refusal] ?? 0) + 1;
    if (this.#windowIsOpen) return;
    this.#windowIsOpen = true;
    this.#schedule(() => this.#closeWindow());
  }

  #closeWindow(): void {
    const counts = this.#counts;
    this.#counts = {};
    this.#windowIsOpen = false;
    this.#report(counts);
  }
}
