import { describe, expect, test } from 'vitest';
import { isAtRest } from '../../src/topology/cluster/cluster-topology.ts';
import { nextTopology } from '../../src/topology/cluster/policy.ts';
import { Random, testSeed } from '../support/random.ts';
import { TopologyModel } from './cluster-topology-model.ts';

const seed = testSeed();
const CLUSTERS = Number(process.env['CLUSTERS'] ?? 40);
const EVENTS = 250;

function run(clusterSeed: number, events: number): TopologyModel {
  const model = new TopologyModel(new Random(clusterSeed));
  try {
    for (let event = 0; event < events; event++) model.step();
    model.settle();
  } catch (error) {
    throw new Error(`seed ${clusterSeed}: ${model.steps.join('\n')}`, { cause: error });
  }
  return model;
}

describe(`a cluster whose members join, leave, die and restart (seed ${seed})`, () => {
  test('a key passes only to members that have it, and the cluster always comes to rest', () => {
    let changes = 0;
    for (let nth = 0; nth < CLUSTERS; nth++) {
      const { topology, nodes, steps } = run(seed + nth, EVENTS);
      const reports = [...nodes.values()].map(({ name, incarnation, complete, clean }) => {
        return { name, incarnation, adopted: topology.version, complete, clean };
      });
      expect(isAtRest(topology), `seed ${seed + nth}: ${steps.join('\n')}`).toBe(true);
      expect(nextTopology(topology, reports)).toBeUndefined();
      changes += steps.length;
    }
    expect(changes).toBeGreaterThan(CLUSTERS * 10);
  }, 600_000);
});
