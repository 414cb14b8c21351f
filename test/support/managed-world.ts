/** The API, the state and the reconciler over simulated nodes. */
import { expect } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { staying } from '../../src/control/model/node-count.ts';
import { shapeOf } from '../../src/control/model/node-options.ts';
import { nodeType } from '../../src/control/model/node-types.ts';
import { everyCluster } from '../../src/control/model/records.ts';
import { Reconciler } from '../../src/control/reconciler/reconciler.ts';
import { ApiHarness } from './control-api.ts';
import type { Random } from './random.ts';
import { SimulatedRuntime } from './simulated-runtime.ts';

/** A reconciler with so many calls in a row does not come to an end. */
const CALLS_MAX = 5000;

export class ManagedWorld {
  readonly api = new ApiHarness();
  readonly runtime: SimulatedRuntime;
  #reconciler: Reconciler;

  constructor(random: Random) {
    this.runtime = new SimulatedRuntime(random);
    this.#reconciler = this.#newReconciler();
  }

  /** What the operations have changed becomes known. */
  notify(): void {
    for (const id of this.api.changed.splice(0)) this.#reconciler.changed(id);
  }

  /** The reconciler makes a few calls, or all that it needs. */
  async advance(calls = CALLS_MAX): Promise<void> {
    this.notify();
    for (let nth = 0; nth < calls && !this.runtime.isIdle; nth++) await this.runtime.advance();
    if (calls === CALLS_MAX)
      expect(this.runtime.isIdle, 'the reconciler comes to an end').toBe(true);
  }

  /** The process dies wherever it is, and another one begins. */
  kill(): void {
    this.runtime.forgetCallers();
    this.api.changed.length = 0;
    this.#reconciler = this.#newReconciler();
    for (const { id } of everyCluster(this.api.state)) this.#reconciler.changed(id);
  }

  /** All clusters are as they are wanted, and nothing else runs. */
  check(): void {
    const clusters = everyCluster(this.api.state);
    const wanted = clusters.map((cluster) => {
      const type = nodeType(cluster.nodeType)!;
      return [
        cluster.id,
        staying(cluster).map(({ id, parameters = {} }) => ({ id, ...shapeOf(type, parameters) })),
      ] as const;
    });
    const running = [...this.runtime.clusters]
      .filter(([, { isRunning }]) => isRunning)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { nodes }]) => [
        id,
        [...nodes]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([node, { memoryMibMax: _, ...shape }]) => ({ id: node, ...shape })),
      ]);
    expect(running).toEqual(wanted);
    expect([...this.runtime.clusters.keys()].sort()).toEqual(clusters.map(({ id }) => id));
    const resting = new Set(['available', 'restore-failed']);
    expect(clusters.filter(({ status }) => !resting.has(status))).toEqual([]);
    const snapshots = this.api.state.list('snapshot');
    expect(snapshots.filter(({ status }) => status === 'creating')).toEqual([]);
    const ofCaches = this.api.state.list('serverlesscachesnapshot');
    expect(ofCaches.filter(({ status }) => status === 'creating')).toEqual([]);
  }

  #newReconciler(): Reconciler {
    const { state, files } = this.api;
    const parts = { state, files, runtime: this.runtime, version: '1.2.3', log: silentLogger };
    const nowMs = () => this.api.nowMs;
    return new Reconciler({ ...parts, nowMs, pause: () => this.runtime.pause() });
  }
}
