/** `slabring manage`: ElastiCache's API over real clusters. */
import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amzTime, authorization, sha256 } from '../../src/base/index.ts';
import { textsIn } from '../support/control-api.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const run = promisify(execFile);
const GROUP = 'CacheParameterGroupName=tuned';
const KEYS = 1000;
const WAIT_MS = 120_000;
/** An access key has 100 requests a second. */
const LOOK_MS = 50;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A manager with a folder of its own; the next start has the same one. */
class Manager {
  readonly #data: string;
  readonly #firstPort: number;
  #process: OwnedProcess | undefined;
  url = '';
  keys: Keys = { accessKeyId: '', secretAccessKey: '' };

  constructor(data: string, firstPort: number) {
    this.#data = data;
    this.#firstPort = firstPort;
  }

  async start(...args: readonly string[]): Promise<void> {
    const first = [`--data=${this.#data}`, '--port=0', `--first-port=${this.#firstPort}`];
    const process = startVerb(['manage', ...first, ...args]);
    this.#process = process;
    await waitUntil('the API listens', async () => process.stdout.includes('Try:'), WAIT_MS);
    this.url = /http:\S+/.exec(process.stdout)![0];
    const [, id] = /ACCESS_KEY_ID=(\w+)/.exec(process.stdout) ?? [];
    const [, secret] = /SECRET_ACCESS_KEY=(\S+)/.exec(process.stdout) ?? [];
    if (id !== undefined) this.keys = { accessKeyId: id, secretAccessKey: secret! };
  }

  async kill(): Promise<void> {
    this.#process!.child.kill('SIGKILL');
    await this.#process!.exited;
  }

  async stop(): Promise<number | null> {
    this.#process!.child.kill('SIGTERM');
    return (await this.#process!.exited).code;
  }

  async send(form: string, keys = this.keys): Promise<{ status: number; body: string }> {
    const body = `${form}&Version=2015-02-02`;
    const headers = { host: new URL(this.url).host, 'x-amz-date': amzTime(Date.now()) };
    const request = { method: 'POST', path: '/', query: {}, headers, bodyHash: sha256(body) };
    const scope = { region: 'local', service: 'elasticache' };
    const signature = authorization(request, keys, scope);
    const sent = { 'x-amz-date': headers['x-amz-date'], authorization: signature };
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const reply = await fetch(this.url, { method: 'POST', headers: { ...sent, ...type }, body });
    return { status: reply.status, body: await reply.text() };
  }

  async ask(form: string): Promise<string> {
    const { status, body } = await this.send(form);
    expect([status, body]).toEqual([200, body]);
    return body;
  }

  /** Resolves with the cluster once it is available. */
  available(id: string): Promise<string> {
    return waitUntil(
      `${id} is available`,
      async () => {
        await pause(LOOK_MS);
        const shown = `Action=DescribeCacheClusters&CacheClusterId=${id}&ShowCacheNodeInfo=true`;
        const body = await this.ask(shown);
        return textsIn(body, 'CacheClusterStatus')[0] === 'available' && body;
      },
      WAIT_MS,
    );
  }
}

const portsIn = (xml: string): readonly number[] => [...new Set(textsIn(xml, 'Port').map(Number))];

async function write(port: number): Promise<void> {
  const sets = Array.from({ length: KEYS }, (_, nth) => `set key-${nth} 0 0 2\r\nok\r\n`);
  const replies = await exchangeOnce({ host: '127.0.0.1', port }, sets.join(''));
  expect(replies).toBe('STORED\r\n'.repeat(KEYS));
}

async function hits(port: number): Promise<number> {
  const gets = Array.from({ length: KEYS }, (_, nth) => `mg key-${nth} v\r\n`);
  const reply = await exchangeOnce({ host: '127.0.0.1', port }, gets.join(''));
  return reply.split('VA 2').length - 1;
}

describe('slabring manage', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: Manager;
  let port: number;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new Manager(`${folder.path}/data`, await freePort());
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
    const gone = async (): Promise<boolean> => {
      await pause(LOOK_MS);
      const { body } = await manager.send('Action=DescribeCacheClusters&CacheClusterId=web');
      return body.includes('CacheClusterNotFound');
    };
    await waitUntil('the cluster is gone', gone, WAIT_MS);
    await expect(hits(port)).rejects.toThrow();
  });
});
