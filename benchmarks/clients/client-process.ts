import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OwnedProcess } from '../../test/support/server.ts';
import { LOAD_CORE, pinnedTo } from '../macro/cores.ts';
import type { ClientName } from './drivers.ts';
import type { HeapReport, Measurement, RunnerRequest } from './runner.ts';

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));

/** A client library in its own process, which is idle unless it measures. */
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
    await owned.failOnExit(once(owned.child, 'message'));
    return new ClientProcess(name, owned);
  }

  measure(load: number, seconds: number): Promise<Measurement> {
    return this.#request<Measurement>({ kind: 'load', load, seconds });
  }

  heapAfter(operations: number): Promise<HeapReport> {
    return this.#request<HeapReport>({ kind: 'heap', operations });
  }

  async stop(): Promise<void> {
    await this.#owned.stop();
  }

  async #request<T>(request: RunnerRequest): Promise<T> {
    this.#owned.child.send(request);
    const [reply] = await this.#owned.failOnExit(once(this.#owned.child, 'message'));
    return reply as T;
  }
}
