/** How a test takes guards of the cluster out. */
import { NodeCluster } from '../../src/cluster/node/node-cluster.ts';
import { Sender } from '../../src/cluster/thread/sender.ts';
import { memberOf, STATE_RULES } from '../../src/topology/index.ts';
import { FewPoints } from '../support/cluster-simulation/few-points.ts';
import { runCluster } from '../support/cluster-simulation/run.ts';
import type { ScenarioName } from '../support/cluster-simulation/scenarios.ts';

/** A guard of the cluster that is taken out for a while. */
export interface PlantedFault {
  readonly title: string;
  readonly scenario: ScenarioName;
  /** From this seed on the fault shows soon. */
  readonly seed: number;
  /** One of so many seeds shows it, wherever they begin. */
  readonly seeds: number;
  /** Takes the guard out; returns what puts it back. */
  plant(): () => void;
}

/** Replaces a method of all instances of a class. */
export function replace<T extends object, Name extends keyof T>(
  prototype: T,
  name: Name,
  replacement: (original: T[Name]) => T[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = replacement(original);
  return () => {
    prototype[name] = original;
  };
}

export function all(...restores: readonly (() => void)[]): () => void {
  return () => {
    for (const restore of restores) restore();
  };
}

/** Members that are filled answer for keys. */
export function fillingAnswers(): () => void {
  const { filling } = STATE_RULES;
  const rules = STATE_RULES as { filling: typeof filling };
  rules.filling = { ...filling, answers: true };
  FewPoints.forget();
  return () => {
    rules.filling = filling;
    FewPoints.forget();
  };
}

/** A member that leaves reports that it has adopted the topology in which it has no keys. */
export function leaverStays(): () => void {
  const claimed = new WeakMap<NodeCluster, number>();
  return all(
    replace(NodeCluster.prototype, 'adopt', (adopt) => {
      return function stay(this: NodeCluster, topology): void {
        const { name } = this.report();
        const hasWeight = memberOf(topology, name)?.weight !== 0;
        if (!hasWeight) claimed.set(this, topology.version);
        if (hasWeight) adopt.call(this, topology);
        else this.silenceChanged();
      };
    }),
    replace(NodeCluster.prototype, 'report', (report) => {
      return function claim(this: NodeCluster) {
        const real = report.call(this);
        const version = claimed.get(this);
        if (version === undefined) return real;
        return { ...real, adopted: version, clean: version, complete: version };
      };
    }),
  );
}

/** How many seeds a planted fault needs to show; more than its bound if none of them shows it. */
export async function seedsUntilNoticed(fault: PlantedFault, first: number): Promise<number> {
  for (let tried = 1; tried <= fault.seeds; tried++) {
    const { violations } = await runCluster(first + tried - 1, fault.scenario);
    if (violations.length > 0) return tried;
  }
  return fault.seeds + 1;
}

/** A primary replies before its receivers have the change. */
export function repliesAtOnce(): () => void {
  return replace(Sender.prototype, 'seal', (seal) => {
    return function sealOnly(this: Sender): boolean {
      seal.call(this, () => {});
      return false;
    };
  });
}
