/** AWS's SDK for JavaScript with `slabring manage`: waiters, paginators, and errors by class. */
import {
  AddTagsToResourceCommand,
  CacheClusterAlreadyExistsFault,
  CacheClusterNotFoundFault,
  CacheParameterGroupNotFoundFault,
  CreateCacheClusterCommand,
  CreateCacheParameterGroupCommand,
  DeleteCacheClusterCommand,
  DeleteCacheParameterGroupCommand,
  DescribeCacheClustersCommand,
  ElastiCacheClient,
  InvalidCacheClusterStateFault,
  InvalidParameterCombinationException,
  InvalidParameterValueException,
  ListTagsForResourceCommand,
  ModifyCacheClusterCommand,
  ModifyCacheParameterGroupCommand,
  paginateDescribeCacheParameterGroups,
  paginateDescribeCacheParameters,
  RebootCacheClusterCommand,
  RemoveTagsFromResourceCommand,
  waitUntilCacheClusterAvailable,
  waitUntilCacheClusterDeleted,
} from '@aws-sdk/client-elasticache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, WAIT_MS, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';

const WEB = { CacheClusterId: 'web' };
const GROUPS = 23;
const PAGE = 20;

describe("AWS's SDK for JavaScript", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let client: ElastiCacheClient;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    client = new ElastiCacheClient({
      endpoint: manager.url,
      region: 'local',
      credentials: manager.keys,
    });
  }, WAIT_MS);
  afterAll(async () => {
    client.destroy();
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  /** SDKs look every 15 seconds if nobody says more. */
  const waiting = () => ({ client, minDelay: 1, maxDelay: 1, maxWaitTime: WAIT_MS / 1000 });
  const available = () => waitUntilCacheClusterAvailable(waiting(), WEB);
  const describeWeb = async () => {
    const asked = new DescribeCacheClustersCommand({ ...WEB, ShowCacheNodeInfo: true });
    return (await client.send(asked)).CacheClusters![0]!;
  };

  test('the waiter sees a new cluster become available, with an endpoint', async () => {
    const size = { NumCacheNodes: 1, CacheNodeType: 'slabring.64x1' };
    const tags = { Tags: [{ Key: 'team', Value: 'a' }] };
    const create = new CreateCacheClusterCommand({ ...WEB, Engine: 'memcached', ...size, ...tags });
    const { CacheCluster: created } = await client.send(create);
    expect(created).toMatchObject({ CacheClusterStatus: 'creating', NumCacheNodes: 1 });
    expect((await available()).state).toBe('SUCCESS');
    const {
      ConfigurationEndpoint: endpoint,
      CacheNodes,
      CacheClusterCreateTime: at,
    } = await describeWeb();
    expect(CacheNodes).toMatchObject([{ CacheNodeId: '0001', Endpoint: endpoint }]);
    expect(at).toBeInstanceOf(Date);
    await write(endpoint!.Port!);
    expect(await hits(endpoint!.Port!)).toBe(KEYS);
  });

  test('tags come, change and go', async () => {
    const { ARN: ResourceName } = await describeWeb();
    const added = { ResourceName, Tags: [{ Key: 'stage', Value: '<"&>' }] };
    await client.send(new AddTagsToResourceCommand(added));
    await client.send(new RemoveTagsFromResourceCommand({ ResourceName, TagKeys: ['team'] }));
    const { TagList } = await client.send(new ListTagsForResourceCommand({ ResourceName }));
    expect(TagList).toEqual(added.Tags);
  });

  test('each error is an instance of its class', async () => {
    const none = { CacheClusterId: 'none' };
    const size = { NumCacheNodes: 1, CacheNodeType: 'slabring.64x1' };
    const errors = [
      [new DescribeCacheClustersCommand(none), CacheClusterNotFoundFault],
      [new CreateCacheClusterCommand({ ...WEB, ...size }), CacheClusterAlreadyExistsFault],
      [
        new CreateCacheClusterCommand({ CacheClusterId: '0-', ...size }),
        InvalidParameterValueException,
      ],
      [new CreateCacheClusterCommand(none), InvalidParameterCombinationException],
      [
        new CreateCacheClusterCommand({ ...none, ...size, CacheParameterGroupName: 'none' }),
        CacheParameterGroupNotFoundFault,
      ],
    ] as const;
    for (const [command, Fault] of errors) {
      await expect(client.send(command as DescribeCacheClustersCommand)).rejects.toBeInstanceOf(
        Fault,
      );
    }
  });

  test('the paginators read every parameter group and every parameter once', async () => {
    const names = Array.from(
      { length: GROUPS },
      (_, nth) => `group-${String(nth).padStart(2, '0')}`,
    );
    const family = { CacheParameterGroupFamily: 'memcached1.6', Description: 'x' };
    for (const CacheParameterGroupName of names) {
      await client.send(
        new CreateCacheParameterGroupCommand({ CacheParameterGroupName, ...family }),
      );
    }
    const found: string[] = [];
    let pages = 0;
    for await (const page of paginateDescribeCacheParameterGroups({ client, pageSize: PAGE }, {})) {
      pages++;
      found.push(...page.CacheParameterGroups!.map((group) => group.CacheParameterGroupName!));
    }
    expect(pages).toBe(2);
    expect(found.filter((name) => name.startsWith('group-'))).toEqual(names);
    const parameters = new Set<string>();
    let count = 0;
    const asked = { CacheParameterGroupName: names[0] };
    for await (const page of paginateDescribeCacheParameters({ client, pageSize: PAGE }, asked)) {
      for (const { ParameterName } of page.Parameters!) parameters.add(ParameterName!);
      count += page.Parameters!.length;
    }
    expect(count).toBeGreaterThan(PAGE);
    expect(parameters.size).toBe(count);
    for (const CacheParameterGroupName of names.slice(1)) {
      await client.send(new DeleteCacheParameterGroupCommand({ CacheParameterGroupName }));
    }
  });

  test('a dry run tells the steps, and makes none', async () => {
    const more = 'CacheClusterId=web&NumCacheNodes=2&ApplyImmediately=true';
    const body = await manager.ask(`Action=ModifyCacheCluster&${more}&DryRun=true`);
    expect(body).toContain('<Kind>add-node</Kind><CacheNodeId>0002</CacheNodeId>');
    expect(await describeWeb()).toMatchObject({
      ...{ CacheClusterStatus: 'available', NumCacheNodes: 1 },
    });
  });

  test('a change is refused while another one runs, and keeps all items', async () => {
    const more = { ...WEB, NumCacheNodes: 2, ApplyImmediately: true };
    const { CacheCluster } = await client.send(new ModifyCacheClusterCommand(more));
    expect(CacheCluster!.CacheClusterStatus).toBe('modifying');
    const reboot = new RebootCacheClusterCommand({ ...WEB, CacheNodeIdsToReboot: ['0001'] });
    await expect(client.send(reboot)).rejects.toBeInstanceOf(InvalidCacheClusterStateFault);
    await available();
    expect(await hits((await describeWeb()).ConfigurationEndpoint!.Port!)).toBe(KEYS);
  });

  test('a parameter that needs a restart waits for the reboot of each node', async () => {
    const group = { CacheParameterGroupName: 'group-00' };
    const value = { ParameterName: 'idle_timeout', ParameterValue: '60' };
    await client.send(
      new ModifyCacheParameterGroupCommand({ ...group, ParameterNameValues: [value] }),
    );
    await client.send(new ModifyCacheClusterCommand({ ...WEB, ...group }));
    const ids = ['0001', '0002'];
    expect((await describeWeb()).CacheParameterGroup).toEqual({
      ...group,
      ParameterApplyStatus: 'pending-reboot',
      CacheNodeIdsToReboot: ids,
    });
    await client.send(new RebootCacheClusterCommand({ ...WEB, CacheNodeIdsToReboot: ids }));
    await available();
    const { CacheParameterGroup: after, ConfigurationEndpoint } = await describeWeb();
    expect(after).toMatchObject({ ParameterApplyStatus: 'in-sync', CacheNodeIdsToReboot: [] });
    expect(await hits(ConfigurationEndpoint!.Port!)).toBe(KEYS);
  });

  test('the waiter sees a deleted cluster go', async () => {
    await client.send(new DeleteCacheClusterCommand(WEB));
    expect((await waitUntilCacheClusterDeleted(waiting(), WEB)).state).toBe('SUCCESS');
  });
});
