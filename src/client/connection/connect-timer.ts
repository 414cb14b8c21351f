import { Extensions } from './extensions.ts';
import type { ClientRuntime, ClientTimer } from './runtime.ts';

/** Limits the time of connecting and the handshake together. */
export class ConnectTimer {
  readonly #runtime: ClientRuntime;
  readonly #timeoutMs: number;
  readonly #onTimeout: () => void;
  readonly #extensions = new Extensions();
  #timer: ClientTimer | undefined;

  constructor(runtime: ClientRuntime, timeoutMs: number, onTimeout: () => void) {
    this.#runtime = runtime;
    this.#timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
  }

  start(keepProcessAlive: boolean): void {
    this.#start(keepProcessAlive, this.#timeoutMs, {});
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  /** @param subject stands for this connection attempt. */
  #start(keepProcessAlive: boolean, waitMs: number, subject: object): void {
    const dueAt = this.#runtime.now() + waitMs;
    this.#timer = this.#runtime.setTimer(() => {
      const lateMs = this.#runtime.now() - dueAt;
      const extensionMs = this.#extensions.next(subject, lateMs, this.#timeoutMs);
      if (extensionMs > 0) this.#start(keepProcessAlive, extensionMs, subject);
      else this.#onTimeout();
    }, waitMs);
    if (!keepProcessAlive) this.#timer.unref();
  }
}
