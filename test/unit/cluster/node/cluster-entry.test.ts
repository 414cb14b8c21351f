import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { publishTopology } from '../../../../src/cluster/node/cluster-entry.ts';
import type { ConfigEntry } from '../../../../src/commands/index.ts';
import { encodeTopology } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { recordingLog } from '../../../support/recording-log.ts';

describe('the topology that a node publishes', () => {
  const entries: ConfigEntry[] = [];
  const config = {
    set(entry: ConfigEntry) {
      entries.push(entry);
      return 'stored' as const;
    },
    delete: () => false,
  };
  test('the cluster entry names the members that answer, and has the version', () => {
    const members = [
      memberWith(1),
      memberWith(2, { state: 'leaving' }),
      memberWith(3, { state: 'joining' }),
      memberWith(4, { state: 'down' }),
      memberWith(5, { weight: 0 }),
    ];
    const topology = topologyWith(members, { version: 42 });
    publishTopology(config, topology, silentLogger);
    expect(entries.splice(0).map(({ name, flags, data }) => [name, flags, `${data}`])).toEqual([
      ['topology', 43, encodeTopology(topology)],
      ['cluster', 0, '42\n10.0.0.1|10.0.0.1|11211 10.0.0.2|10.0.0.2|11211\n'],
    ]);
  });
  test('clients keep the nodes that they know if no member answers', () => {
    publishTopology(config, topologyWith([memberWith(1, { state: 'filling' })]), silentLogger);
    expect(entries).toEqual([]);
  });
  test('a topology that does not fit is in the log, and an older one is deleted', () => {
    const { log, texts } = recordingLog();
    const deleted: string[] = [];
    const full = { set: () => 'full' as const, delete: (name: string) => deleted.push(name) > 0 };
    publishTopology(full, topologyWith(2), log);
    expect(deleted).toEqual(['topology']);
    expect(texts).toEqual([
      expect.stringMatching(/config get topology/),
      expect.stringMatching(/config get cluster/),
    ]);
  });
});
