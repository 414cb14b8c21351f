import { describe, expect, test, vi } from 'vitest';
import { textsIn } from '../../../support/control-api.ts';
import { ManagedWorld } from '../../../support/managed-world.ts';
import { Random } from '../../../support/random.ts';

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), {
  code: 'ENOSPC',
  syscall: 'write',
});
const fullDatabase = Object.assign(new Error('database or disk is full'), {
  code: 'ERR_SQLITE_ERROR',
  errcode: 13,
});

function worldWith(members: string): ManagedWorld {
  const world = new ManagedWorld(new Random(1));
  const { status } = world.api.ask(
    'CreateCacheCluster',
    `CacheClusterId=web&Engine=memcached&CacheNodeType=slabring.64x1&NumCacheNodes=2${members}`,
  );
  expect(status).toBe(200);
  return world;
}
const messagesOf = ({ api }: ManagedWorld) => textsIn(api.ask('DescribeEvents').body, 'Message');

describe('a step that the system refuses', () => {
  test('the start is tried again, and the events tell why', async () => {
    const world = worldWith('');
    vi.spyOn(world.runtime, 'start').mockRejectedValueOnce(noSpace);
    await world.advance();
    world.check();
    const failed = 'A step of the cache cluster failed, and is tried again';
    expect(messagesOf(world)).toContain(`${failed}: ${noSpace.message}.`);
  });

  test('a state that cannot be written ends nothing', async () => {
    const world = worldWith('');
    const fail = (): never => {
      throw fullDatabase;
    };
    // The first one is the step, the second one would record its failure.
    vi.spyOn(world.api.state, 'transaction')
      .mockImplementationOnce(fail)
      .mockImplementationOnce(fail);
    await world.advance();
    world.check();
  });

  const fullDisk = (): never => {
    throw noSpace;
  };

  test('a snapshot without a place for its file is failed after four tries', async () => {
    const world = worldWith('');
    await world.advance();
    world.api.ask('CreateSnapshot', 'CacheClusterId=web&SnapshotName=daily');
    const tries = vi.spyOn(world.api.files, 'pathOf').mockImplementation(fullDisk);
    await world.advance();
    expect(tries).toHaveBeenCalledTimes(4);
    expect(world.api.state.get('snapshot', 'daily')?.status).toBe('failed');
    expect(messagesOf(world)).toContain(`Snapshot daily failed: ${noSpace.message}.`);
    expect(world.api.state.get('cluster', 'web')).toMatchObject({ status: 'available' });
  });

  test('a snapshot and a restore that fail once are made by the next try', async () => {
    const world = worldWith('');
    await world.advance();
    const files = vi.spyOn(world.api.files, 'pathOf');
    files.mockImplementationOnce(fullDisk);
    world.api.ask('CreateSnapshot', 'CacheClusterId=web&SnapshotName=daily');
    await world.advance();
    expect(world.api.state.get('snapshot', 'daily')?.status).toBe('available');
    files.mockImplementationOnce(fullDisk);
    world.api.ask('CreateCacheCluster', 'CacheClusterId=copy&SnapshotName=daily');
    await world.advance();
    const copy = world.api.state.get('cluster', 'copy');
    expect([copy?.status, copy?.failure]).toEqual(['available', undefined]);
  });

  test('a cluster that is deleted during the last try of its restore goes', async () => {
    const world = worldWith('');
    await world.advance();
    world.api.ask('CreateSnapshot', 'CacheClusterId=web&SnapshotName=daily');
    await world.advance();
    let tries = 0;
    vi.spyOn(world.api.files, 'pathOf').mockImplementation(() => {
      if (++tries === 4) world.api.ask('DeleteCacheCluster', 'CacheClusterId=copy');
      return fullDisk();
    });
    world.api.ask('CreateCacheCluster', 'CacheClusterId=copy&SnapshotName=daily');
    await world.advance();
    expect(tries).toBe(4);
    expect(world.api.state.get('cluster', 'copy')).toBeUndefined();
  });
});
