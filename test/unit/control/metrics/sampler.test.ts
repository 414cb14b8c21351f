import { describe, expect, test } from 'vitest';
import { ClusterMetrics } from '../../../../src/control/metrics/cluster-metrics.ts';
import { Sampler, sampledNodes } from '../../../../src/control/metrics/sampler.ts';
import { clusterRecord } from '../../../support/control-records.ts';
import { statsText } from '../../../support/control-stats.ts';

describe('the sampler', () => {
  test('a round reads each node that should serve, at one time', async () => {
    const metrics = new ClusterMetrics();
    const read: string[] = [];
    let nowMs = 0;
    const sampler = new Sampler({
      metrics,
      nodes: () => sampledNodes([clusterRecord({ nodes: 20 })], '127.0.0.1'),
      reader: () => async (address, page) => {
        read.push(`${address}${page}`);
        // The second node does not reply, and the third one is not a node.
        if (address.endsWith(':12001')) return undefined;
        return address.endsWith(':12002') ? 'hello' : statsText({ items: 1 });
      },
      nowMs: () => nowMs++,
    });
    await sampler.sample();
    expect(read).toHaveLength(20);
    expect(read[0]).toBe('127.0.0.1:12000/stats.json');
    expect(metrics.now('web', 0)).toHaveLength(18);
    expect(new Set(metrics.now('web', 0).map(({ reading }) => reading.atMs)).size).toBe(1);
    await sampler.stop();
  });
  test('a node that has not started is not read', () => {
    expect(sampledNodes([clusterRecord({ status: 'creating' })], '::1')).toEqual([]);
  });
});
