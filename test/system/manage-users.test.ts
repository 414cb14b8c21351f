/** Users of managed clusters: the logins of their nodes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { ManagerProcess, portsIn, WAIT_MS } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const [FIRST, SECOND] = ['the-first-password', 'the-second-password'];

const loginOf = (login: string): string => `set login 0 0 ${login.length}\r\n${login}\r\n`;

describe('users of managed clusters', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let manager: ManagerProcess;
  let port: number;
  beforeAll(async () => {
    folder = await temporaryFolder();
    manager = new ManagerProcess(`${folder.path}/data`, await freePort());
    await manager.start();
    const user = 'Action=CreateUser&Engine=memcached&UserId=';
    const password = `&Passwords.member.1=${FIRST}&AccessString=on ~*`;
    await manager.ask(`${user}app&UserName=app${password} %2B@read %2B@write`);
    await manager.ask(`${user}reader&UserName=reader${password} %2B@read`);
    await manager.ask(
      'Action=CreateUserGroup&Engine=memcached&UserGroupId=team&UserIds.member.1=app' +
        '&UserIds.member.2=reader',
    );
    await manager.ask(
      'Action=CreateCacheCluster&CacheClusterId=web&NumCacheNodes=2&CacheNodeType=slabring.64x1' +
        '&Tags.Tag.1.Key=slabring:user-group&Tags.Tag.1.Value=team' +
        '&Tags.Tag.2.Key=slabring:replicas&Tags.Tag.2.Value=2',
    );
    port = portsIn(await manager.available('web'))[0]!;
  }, WAIT_MS);
  afterAll(async () => {
    await manager.stop();
    await folder.remove();
  }, WAIT_MS);

  const ask = (login: string, request: string, at = port) =>
    exchangeOnce({ host: '127.0.0.1', port: at }, `${loginOf(login)}${request}\r\n`);
  /** What a node says to a login. */
  const isValid = async (login: string): Promise<boolean> => {
    const socket = connect(port, '127.0.0.1');
    socket.write(loginOf(login));
    const [reply] = await once(socket, 'data');
    socket.destroy();
    return String(reply) === 'STORED\r\n';
  };
  const set = (login: string) => ask(login, 'set key 0 0 1\r\nx');

  test('a user does what the access string says, and others do nothing', async () => {
    expect(await set(`app ${FIRST}`)).toBe('STORED\r\nSTORED\r\n');
    expect(await ask(`reader ${FIRST}`, 'get key', port + 1)).toContain('VALUE key 0 1\r\nx');
    expect(await set(`reader ${FIRST}`)).not.toContain('STORED\r\nSTORED');
    expect(await isValid('app wrong')).toBe(false);
  });

  test('both passwords are valid while one takes the place of the other', async () => {
    const modify = 'Action=ModifyUser&UserId=app';
    await manager.ask(`${modify}&Passwords.member.1=${FIRST}&Passwords.member.2=${SECOND}`);
    await waitUntil('the second is valid', () => isValid(`app ${SECOND}`), WAIT_MS);
    expect(await isValid(`app ${FIRST}`)).toBe(true);
    await manager.ask(`${modify}&Passwords.member.1=${SECOND}`);
    await waitUntil(
      'the first is valid no more',
      async () => !(await isValid(`app ${FIRST}`)),
      WAIT_MS,
    );
    expect(await isValid(`app ${SECOND}`)).toBe(true);
  });

  test('a snapshot is restored into nodes that need a login', async () => {
    await manager.ask('Action=CreateSnapshot&CacheClusterId=web&SnapshotName=daily');
    await manager.available('web');
    await manager.ask(
      'Action=CreateCacheCluster&CacheClusterId=copy&SnapshotName=daily' +
        '&Tags.Tag.1.Key=slabring:user-group&Tags.Tag.1.Value=team' +
        '&Tags.Tag.2.Key=slabring:replicas&Tags.Tag.2.Value=2',
    );
    const [first] = portsIn(await manager.available('copy'));
    expect(await ask(`reader ${FIRST}`, 'get key', first)).toContain('VALUE key 0 1\r\nx');
  });
});
