/** Maintenance windows, on a simulated clock. */
import { describe, expect, test } from 'vitest';
import { openWindow } from '../../../../src/control/service/windows.ts';
import { ApiHarness } from '../../../support/control-api.ts';

const LOOK_MS = 30_000;
const MINUTE_MS = 60_000;

/** Looks until a time of this week; when the cluster began to change. */
function changesOf(api: ApiHarness, hours: number): readonly string[] {
  const changes: string[] = [];
  const untilMs = api.nowMs + hours * 60 * MINUTE_MS;
  for (; api.nowMs < untilMs; api.nowMs += LOOK_MS) {
    api.service.act((context) => openWindow('web', context));
    if (api.state.get('cluster', 'web')!.status !== 'modifying') continue;
    changes.push(new Date(api.nowMs).toISOString().slice(5, 16));
    api.settle('web');
  }
  return changes;
}

/** It is Sunday, 8:00 UTC. */
function waiting(window: string): ApiHarness {
  const api = new ApiHarness();
  const members = 'CacheClusterId=web&NumCacheNodes=2&CacheNodeType=slabring.64x1';
  api.ask('CreateCacheCluster', `${members}&PreferredMaintenanceWindow=${window}`);
  api.settle('web');
  api.ask('ModifyCacheCluster', 'CacheClusterId=web&NumCacheNodes=4&CacheNodeType=slabring.128x1');
  return api;
}

describe('maintenance windows', () => {
  test('all that waits begins in the window, once', () => {
    const api = waiting('mon:02:00-mon:03:00');
    expect(changesOf(api, 7 * 24)).toEqual(['11-30T02:00']);
    const { nodes, nodeType, pending } = api.state.get('cluster', 'web')!;
    expect([nodes.length, nodeType, pending]).toEqual([4, 'slabring.128x1', {}]);
    expect(api.changed.filter((id) => id === 'web').length).toBeGreaterThan(0);
  });

  test('a change begins at once if the window is open, also over the end of the week', () => {
    expect(changesOf(waiting('sun:07:30-sun:08:30'), 1)).toEqual(['11-29T08:00']);
    expect(changesOf(waiting('sat:10:00-sun:09:00'), 1)).toEqual(['11-29T08:00']);
    expect(changesOf(waiting('sun:06:00-sun:08:00'), 1)).toEqual([]);
  });

  test('a change waits for the next window if the cluster was busy in this one', () => {
    const api = waiting('sun:07:30-sun:08:30');
    const cluster = api.state.get('cluster', 'web')!;
    api.state.put('cluster', 'web', { ...cluster, status: 'snapshotting' });
    expect(changesOf(api, 1)).toEqual([]);
    api.settle('web');
    expect(changesOf(api, 7 * 24)).toEqual(['12-06T07:30']);
  });

  test('a window changes nothing where nothing waits', () => {
    const api = waiting('sun:07:30-sun:08:30');
    api.ask('ModifyCacheCluster', 'CacheClusterId=web&ApplyImmediately=true');
    api.settle('web');
    expect(changesOf(api, 7 * 24)).toEqual([]);
  });
});
