/** Serverless caches of `slabring manage`: one endpoint, whatever is behind it. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecords } from '../../src/ops/index.ts';
import { textsIn } from '../support/control-api.ts';
import { temporaryFolder } from '../support/folder.ts';
import { hits, KEYS, ManagerProcess, portsIn, WAIT_MS, write } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const LOOK_MS = 50;

describe('serverless caches', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let port: number;
  const describeCache = (name: string) =>
    manager.send(`Action=DescribeServerlessCaches&ServerlessCacheName=${name}`);
  /** Resolves with the cache once it has a status; undefined: once it is gone. */
  const becomes = (name: string, status: string) =>
    waitUntil(
      `${name} is ${status}`,
      async () => {
        await pause(LOOK_MS);
        const { body } = await describeCache(name);
        return [...textsIn(body, 'Status'), ...textsIn(body, 'Code')][0] === status && body;
      },
      WAIT_MS,
    );
  const create = async (name: string, members = '') => {
    const form = `Action=CreateServerlessCache&ServerlessCacheName=${name}&Engine=memcached`;
    await manager.ask(form + members);
    return portsIn(await becomes(name, 'available'))[0]!;
  };
  const remove = async (name: string, members = '') => {
    await manager.ask(`Action=DeleteServerlessCache&ServerlessCacheName=${name}${members}`);
    await becomes(name, 'ServerlessCacheNotFoundFault');
  };
  const snapshotIs = (name: string, status: string) =>
    waitUntil(
      `the snapshot ${name} is ${status}`,
      async () => {
        await pause(LOOK_MS);
        const form = `Action=DescribeServerlessCacheSnapshots&ServerlessCacheSnapshotName=${name}`;
        const body = await manager.ask(form);
        return textsIn(body, 'Status')[0] === status && body;
      },
      WAIT_MS,
    );
  const servesAgain = () =>
    waitUntil(
      'the proxy serves again',
      async () => (await hits(port).catch(() => 0)) === KEYS,
      WAIT_MS,
    );
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    port = await create('web');
    await write(port);
  }, WAIT_MS);
  afterAll(async () => {
    expect(await manager.stop()).toBe(0);
    await folder.remove();
  }, WAIT_MS);

  test('a cache serves at one endpoint, and is no cluster of the API', async () => {
    expect(await hits(port)).toBe(KEYS);
    const clusters = await manager.ask('Action=DescribeCacheClusters');
    expect(textsIn(clusters, 'CacheClusterId')).toEqual([]);
  });

  test('a snapshot of a cache goes into another one', async () => {
    const take = 'Action=CreateServerlessCacheSnapshot&ServerlessCacheSnapshotName=one';
    await manager.ask(`${take}&ServerlessCacheName=web`);
    const [arn] = textsIn(await snapshotIs('one', 'available'), 'ARN');
    const copied = await create('copy', `&SnapshotArnsToRestore.SnapshotArn.1=${arn}`);
    expect(await hits(copied)).toBe(KEYS);
    await remove('copy', '&FinalSnapshotName=last');
    const [last] = textsIn(await snapshotIs('last', 'available'), 'ARN');
    const again = await create('copy', `&SnapshotArnsToRestore.SnapshotArn.1=${last}`);
    expect(await hits(again)).toBe(KEYS);
    await remove('copy');
  });

  test('a manager that was killed finds the cache, and one that stops has it again', async () => {
    await manager.kill();
    expect(await hits(port)).toBe(KEYS);
    await manager.start();
    expect(portsIn((await describeCache('web')).body)).toEqual([port]);
    await manager.stop();
    await manager.start();
    await servesAgain();
  });

  test('a proxy that dies is started again', async () => {
    const address = `127.0.0.1:${port}`;
    const record = await waitUntil('the proxy has its record', () =>
      readRecords(process.env).find(({ nodes }) => nodes.includes(address)),
    );
    process.kill(record.pid, 'SIGKILL');
    await servesAgain();
  });

  test('a limit makes clients wait, and the cache says what they have used', async () => {
    const limit = 'CacheUsageLimits.ECPUPerSecond.Maximum=1000';
    await manager.ask(`Action=ModifyServerlessCache&ServerlessCacheName=web&${limit}`);
    await becomes('web', 'available');
    for (let nth = 0; nth < 3; nth++) await write(port);
    await waitUntil(
      'the usage has the writes',
      async () => {
        await pause(LOOK_MS);
        const { body } = await describeCache('web');
        const [used] = textsIn(body, 'ElastiCacheProcessingUnits').map(Number);
        const [throttled] = textsIn(body, 'ThrottledCmds').map(Number);
        return used! >= 3 * KEYS && throttled! > 0;
      },
      WAIT_MS,
    );
  });

  test('a cache with users answers only who logs in', async () => {
    const password = 'a-password-of-16-characters';
    const user = 'UserId=app&UserName=app&AccessString=on%20~*%20%2B@all&Engine=memcached';
    await manager.ask(`Action=CreateUser&${user}&Passwords.member.1=${password}`);
    const group = 'UserGroupId=team&UserIds.member.1=app&Engine=memcached';
    await manager.ask(`Action=CreateUserGroup&${group}`);
    const modify = 'Action=ModifyServerlessCache&ServerlessCacheName=web';
    await manager.ask(`${modify}&UserGroupId=team`);
    await becomes('web', 'available');
    const login = `app ${password}`;
    const at = { host: '127.0.0.1', port };
    const script = `set login 0 0 ${login.length}\r\n${login}\r\nmg key-1 v\r\n`;
    expect(await exchangeOnce(at, script)).toBe('STORED\r\nVA 2\r\nok\r\n');
    await expect(exchangeOnce(at, 'mg key-1 v\r\n')).rejects.toThrow('unauthenticated');
  });
});
