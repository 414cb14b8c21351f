/** Snapshots of managed clusters, in files below the folder of the manager. */
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { textsIn } from '../support/control-api.ts';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { exchangeOnce } from '../support/wire.ts';

const SMALL = 'Engine=memcached&CacheNodeType=slabring.64x1';

describe('snapshots of managed clusters', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let port: number;
  const create = (id: string, members: string) =>
    manager.ask(`Action=CreateCacheCluster&CacheClusterId=${id}&${members}`);
  const remove = async (id: string, more = '') => {
    await manager.ask(`Action=DeleteCacheCluster&CacheClusterId=${id}${more}`);
    await manager.gone(id);
  };
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    await create('web', `${SMALL}&NumCacheNodes=2`);
    port = portsIn(await manager.available('web'))[0]!;
    await write(port);
  }, WAIT_MS);
  afterAll(async () => {
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  test('a snapshot of all nodes goes into a cluster of another shape', async () => {
    const body = await manager.ask('Action=CreateSnapshot&CacheClusterId=web&SnapshotName=daily');
    expect(textsIn(body, 'SnapshotStatus')).toEqual(['creating']);
    await manager.available('web');
    expect(await manager.ask('Action=DescribeEvents')).toContain(`daily has ${KEYS} items`);
    const copies = '&Tags.Tag.1.Key=slabring:replicas&Tags.Tag.1.Value=2';
    await create('copy', `${SMALL}&NumCacheNodes=3&SnapshotName=daily${copies}`);
    const ports = portsIn(await manager.available('copy'));
    const counts = await Promise.all(ports.map(itemsOf));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2 * KEYS);
    expect(await hits(ports[0]!)).toBe(KEYS);
    await remove('copy');
  });

  test('a copy of a snapshot outlives the first one, and its cluster', async () => {
    await manager.ask('Action=CopySnapshot&SourceSnapshotName=daily&TargetSnapshotName=kept');
    await manager.ask('Action=DeleteSnapshot&SnapshotName=daily');
    await create('again', 'SnapshotName=kept');
    const [first] = portsIn(await manager.available('again'));
    expect(await hits(first!)).toBe(KEYS);
    await remove('again');
    await manager.ask('Action=DeleteSnapshot&SnapshotName=kept');
    expect(await readdir(`${folder.path}/data/snapshots`)).toEqual([]);
  });

  test('the last snapshot of a cluster is complete before the cluster goes', async () => {
    await remove('web', '&FinalSnapshotIdentifier=last');
    const body = await manager.ask('Action=DescribeSnapshots&SnapshotName=last');
    expect(textsIn(body, 'SnapshotStatus')).toEqual(['available']);
    await create('web', 'SnapshotName=last');
    expect(await hits(portsIn(await manager.available('web'))[0]!)).toBe(KEYS);
    await remove('web');
  });
});

async function itemsOf(port: number): Promise<number> {
  const stats = await exchangeOnce({ host: '127.0.0.1', port }, 'stats\r\n');
  return Number(/STAT curr_items (\d+)/.exec(stats)?.[1]);
}
