/** `slabring manage keys`: access keys of a running manager, and of one that does not run. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { ManagerProcess, WAIT_MS } from '../support/manager-process.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';

const READER = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'elasticache:Describe*', Resource: '*' }],
};
const DESCRIBE = 'Action=DescribeCacheClusters';
const CREATE_GROUP =
  'Action=CreateCacheParameterGroup&CacheParameterGroupName=x' +
  '&CacheParameterGroupFamily=memcached1.6&Description=x';

describe('slabring manage keys', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  const data = () => `${folder.path}/data`;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(data(), await freePort());
    await manager.start();
  }, WAIT_MS);
  afterAll(async () => {
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);
  const keys = (...args: readonly string[]) =>
    startVerb(['manage', 'keys', ...args, `--data=${data()}`]).result();
  async function add(...args: readonly string[]) {
    const { out, err, code } = await keys('add', '--json', ...args);
    expect([code, err]).toEqual([0, '']);
    const { added } = JSON.parse(out) as { added: { id: string; secret: string } };
    return { accessKeyId: added.id, secretAccessKey: added.secret };
  }

  test('a key may do what its policy says, until it is removed', async () => {
    const file = `${folder.path}/reader.json`;
    await writeFile(file, JSON.stringify(READER));
    const reader = await add('--policy', file);
    expect((await manager.send(DESCRIBE, reader)).status).toBe(200);
    expect((await manager.send(CREATE_GROUP, reader)).body).toContain('AccessDenied');
    const { out } = await keys('list', '--json');
    const listed = (JSON.parse(out) as { keys: { id: string; policy: unknown }[] }).keys;
    expect(listed.find(({ id }) => id === reader.accessKeyId)?.policy).toMatchObject({
      Statement: [{ Effect: 'Allow', Action: ['elasticache:Describe*'], Resource: ['*'] }],
    });
    expect(out).not.toContain(reader.secretAccessKey);
    expect(await keys('remove', reader.accessKeyId)).toMatchObject({
      ...{ code: 0, out: `${reader.accessKeyId}: removed\n` },
    });
    expect((await manager.send(DESCRIBE, reader)).body).toContain('InvalidClientTokenId');
  });

  test('what cannot be used is refused with its reason', async () => {
    const file = `${folder.path}/wrong.json`;
    await writeFile(
      file,
      JSON.stringify({ Statement: [{ ...READER.Statement[0], NotAction: '*' }] }),
    );
    const wrong = await keys('add', '--policy', file);
    expect(wrong.code).not.toBe(0);
    expect(wrong.err).toContain('has NotAction, which is not offered');
    expect((await keys('remove', 'AKSRNONE')).err).toContain('There is no access key AKSRNONE');
    expect((await keys('drop')).err).toContain('the actions are add, list and remove');
  });

  test('keys change while no manager runs, and the next start knows them', async () => {
    await manager.stop();
    const other = await add();
    expect(await keys('remove', manager.keys.accessKeyId)).toMatchObject({ code: 0 });
    await manager.start('-v');
    // Without a certificate it has nothing to read again, and goes on.
    manager.hangUp();
    expect((await manager.send(DESCRIBE)).status).toBe(403);
    expect((await manager.send(DESCRIBE, other)).status).toBe(200);
    expect(await manager.stop()).toBe(0);
    expect(manager.log).toContain('the API is listening');
    expect(manager.log).not.toContain('read the certificate');
  });
});
