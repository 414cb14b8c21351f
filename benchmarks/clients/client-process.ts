import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '../../test/support/server.ts';
import { LOAD_CORE, pinnedTo } from '../macro/contenders.ts';
import type { ClientName } from './drivers.ts';
import type { HeapReport, Measurement, RunnerOrder } from './runner.ts';

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));

/** A client in its process; it is idle unless it measures. */
export class ClientProcess {
  readonly name: ClientName;
  readonly #owned: OwnedProcess;

  private constructor(name: ClientName, owned: OwnedProcess) {
    this.name = name;
    this.#owned = owned;
  }

  static async start(name: ClientName, port: number, seed: number): Promise<ClientProcess> {
    const args = ['--expose-gc', RUNNER, name, String(port), String(seed)];
    const command = [...pinnedTo(LOAD_CORE), process.execPath, ...args];
    const owned = new OwnedProcess(command, { ipc: true });
    await owned.unlessItEnds(once(owned.child, 'message'));
    return new ClientProcess(name, owned);
  }

  measure(load: number, seconds: number): Promise<Measurement> {
    return this.#ask<Measurement>({ kind: 'load', load, seconds });
  }

  heapAfter(operations: number): Promise<HeapReport> {
    return this.#ask<HeapReport>({ kind: 'heap', operations });
  }

  async stop(): Promise<void> {
    await this.#owned.stop();
  }

  async #ask<T>(order: RunnerOrder): Promise<T> {
    this.#owned.child.send(order);
    const [answer] = await this.#owned.unlessItEnds(once(this.#owned.child, 'message'));
    return answer as T;
  }
}
