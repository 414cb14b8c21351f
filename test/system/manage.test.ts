/** `slabring manage`: ElastiCache's API over real clusters. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const run = promisify(execFile);
const GROUP = 'CacheParameterGroupName=tuned';

describe('slabring manage', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let port: number;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    await manager.ask(
      `Action=CreateCacheParameterGroup&${GROUP}&CacheParameterGroupFamily=memcached1.6` +
        '&Description=x',
    );
    await manager.ask(
      'Action=CreateCacheCluster&CacheClusterId=web&Engine=memcached&NumCacheNodes=2' +
        `&CacheNodeType=slabring.64x1&${GROUP}`,
    );
    port = portsIn(await manager.available('web'))[0]!;
    await write(port);
  }, WAIT_MS);
  afterAll(async () => {
    await manager.ask('Action=DeleteCacheCluster&CacheClusterId=web').catch(() => {});
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  test('a request without the right signature is refused', async () => {
    const form = 'Action=DescribeCacheClusters';
    const other = { ...manager.keys, secretAccessKey: 'other' };
    expect((await manager.send(form, other)).body).toContain('SignatureDoesNotMatch');
    const unknown = { ...manager.keys, accessKeyId: 'AKSRNOBODY' };
    expect((await manager.send(form, unknown)).status).toBe(403);
    const reply = await fetch(manager.url, { method: 'POST', body: form });
    expect(await reply.text()).toContain('MissingAuthenticationToken');
    const large = await fetch(manager.url, { method: 'POST', body: 'x'.repeat(300_000) });
    expect(await large.text()).toContain('RequestEntityTooLarge');
  });

  test('a client finds all nodes at the configuration endpoint', async () => {
    const reply = await exchangeOnce({ host: '127.0.0.1', port }, 'config get cluster\r\n');
    expect(reply).toContain(`127.0.0.1|127.0.0.1|${port} `);
    expect(reply).toContain(`|${port + 1}`);
  });

  const setParameter = async (name: string, value: string): Promise<void> => {
    const member = 'ParameterNameValues.ParameterNameValue.1.';
    const pair = `${member}ParameterName=${name}&${member}ParameterValue=${value}`;
    await manager.ask(`Action=ModifyCacheParameterGroup&${GROUP}&${pair}`);
  };
  const stats = (kind: string, at = port) =>
    exchangeOnce({ host: '127.0.0.1', port: at }, `stats${kind}\r\n`);
  const pidOf = async (at: number): Promise<string | undefined> =>
    /STAT pid (\d+)/.exec(await stats('', at))?.[1];

  test('a parameter that a serving node can change needs no restart', async () => {
    const before = await pidOf(port);
    await setParameter('cache_memlimit', '48');
    await manager.available('web');
    for (const at of [port, port + 1]) {
      expect(await stats('', at)).toContain(`STAT limit_maxbytes ${48 * 2 ** 20}\r\n`);
    }
    expect(await pidOf(port)).toBe(before);
    expect(await hits(port)).toBe(KEYS);
  });

  test('other parameters wait for a reboot, which hands the items over', async () => {
    const before = await pidOf(port);
    await setParameter('max_item_size', '2097152');
    expect(await manager.available('web')).toContain('pending-reboot');
    await manager.ask(
      'Action=RebootCacheCluster&CacheClusterId=web&CacheNodeIdsToReboot.CacheNodeId.1=0001' +
        '&CacheNodeIdsToReboot.CacheNodeId.2=0002',
    );
    expect(await manager.available('web')).not.toContain('pending-reboot');
    for (const at of [port, port + 1]) {
      expect(await stats(' settings', at)).toContain('STAT item_size_max 2097152\r\n');
    }
    expect(await pidOf(port)).not.toBe(before);
    expect(await stats('')).toContain(`STAT limit_maxbytes ${48 * 2 ** 20}\r\n`);
    expect(await hits(port + 1)).toBe(KEYS);
    await setParameter('cache_memlimit', '0');
    await manager.available('web');
  });

  test('the cluster grows, and no key is lost', async () => {
    const grow = 'Action=ModifyCacheCluster&CacheClusterId=web&NumCacheNodes=3';
    await manager.ask(`${grow}&ApplyImmediately=true`);
    expect(portsIn(await manager.available('web'))).toEqual([port, port + 1, port + 2]);
    expect(await hits(port + 2)).toBe(KEYS);
  });

  test('a killed manager leaves the nodes, and the next one goes on with them', async () => {
    await manager.kill();
    expect(await hits(port)).toBe(KEYS);
    await manager.start();
    const shrink =
      'Action=ModifyCacheCluster&CacheClusterId=web&NumCacheNodes=1&CacheNodeType=slabring.80x1' +
      '&CacheNodeIdsToRemove.CacheNodeId.1=0003&CacheNodeIdsToRemove.CacheNodeId.2=0002';
    await manager.ask(`${shrink}&ApplyImmediately=true`);
    // Killed again, in the midst of it.
    await manager.kill();
    await manager.start();
    expect(portsIn(await manager.available('web'))).toEqual([port]);
    expect(await hits(port)).toBe(KEYS);
    expect(await stats('')).toContain(`STAT limit_maxbytes ${80 * 2 ** 20}\r\n`);
  });

  test('the only node restarts without a miss', async () => {
    await manager.ask(
      'Action=RebootCacheCluster&CacheClusterId=web&CacheNodeIdsToReboot.CacheNodeId.1=0001',
    );
    await manager.available('web');
    expect(await hits(port)).toBe(KEYS);
    expect(await manager.ask('Action=DescribeEvents')).toContain('Cache node 0001 restarted');
  });

  test('a manager that stops stops the nodes, and the next start has their items', async () => {
    expect(await manager.stop()).toBe(0);
    await expect(hits(port)).rejects.toThrow();
    await manager.start();
    await waitUntil(
      'the node serves',
      async () => (await hits(port).catch(() => 0)) === KEYS,
      WAIT_MS,
    );
  });

  test('AWS clients work with it', async ({ skip }) => {
    const script = [
      'import boto3, sys',
      "client = boto3.client('elasticache', endpoint_url=sys.argv[1], region_name='local')",
      "client.create_cache_parameter_group(CacheParameterGroupName='big',",
      "  CacheParameterGroupFamily='memcached1.6', Description='x')",
      "client.modify_cache_parameter_group(CacheParameterGroupName='big', ParameterNameValues=[",
      "  {'ParameterName': 'idle_timeout', 'ParameterValue': '60'}])",
      "pages = client.get_paginator('describe_cache_parameters').paginate(",
      "  CacheParameterGroupName='big', Source='user')",
      "print([p['ParameterValue'] for page in pages for p in page['Parameters']])",
      "try: client.delete_cache_cluster(CacheClusterId='none')",
      "except client.exceptions.CacheClusterNotFoundFault as error: print('not found')",
      "print(client.describe_cache_clusters(ShowCacheNodeInfo=True)['CacheClusters'][0]",
      "  ['CacheNodes'][0]['Endpoint']['Port'])",
    ];
    const env = {
      ...process.env,
      AWS_ACCESS_KEY_ID: manager.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: manager.keys.secretAccessKey,
    };
    const hasBoto = await run('python3', ['-c', 'import boto3']).then(
      () => true,
      () => false,
    );
    if (!hasBoto) return skip('python3 has no boto3 (Debian: python3-boto3)');
    const { stdout } = await run('python3', ['-c', script.join('\n'), manager.url], { env });
    expect(stdout).toBe(`['60']\nnot found\n${port}\n`);
  });

  test('a deleted cluster leaves no node and no file', async () => {
    await manager.ask('Action=DeleteCacheCluster&CacheClusterId=web');
    await manager.gone('web');
    await expect(hits(port)).rejects.toThrow();
  });
});
