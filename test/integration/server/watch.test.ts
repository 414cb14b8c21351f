import { afterEach, describe, expect, test } from 'vitest';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { dialogue, RawConnection } from '../../support/wire.ts';

const servers: TestServer[] = [];
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
async function started(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}

/** A client that watches. */
async function watching(server: TestServer, streams: string): Promise<RawConnection> {
  const connection = await RawConnection.connect(server.address);
  connections.push(connection);
  connection.send(`watch ${streams}\r\n`);
  expect((await connection.readUntil('\r\n')).toString()).toBe('OK\r\n');
  return connection;
}

/** What is told up to a line that holds `last`, without what differs each time. */
async function toldUntil(watcher: RawConnection, last: string): Promise<readonly string[]> {
  const before = (await watcher.readUntil(last)).toString('latin1');
  const lines = (before + (await watcher.readUntil('\n')).toString('latin1')).trimEnd().split('\n');
  return lines.map((line) => line.replaceAll(/(ts|gid|cfd|clsid|size|rport)=[\d.]+/g, '$1=#'));
}

const SAID =
  'set a 0 0 2\r\nhi\r\nadd a 0 0 1\r\nx\r\nget a none\r\nset k%b 0 100 0\r\n\r\nreplace none 0 0 1\r\nx\r\nmg a v\r\nmg zz\r\nget last\r\n';

describe('watch', () => {
  test.skipIf(memcachedMissing('1.6.18') !== undefined)('tells what memcached tells', async () => {
    const theirs = await startMemcached();
    servers.push(theirs);
    const told = await Promise.all(
      [await started(), theirs].map(async (server) => {
        const watcher = await watching(server, 'fetchers mutations');
        await dialogue(server.address, SAID);
        return toldUntil(watcher, 'key=last');
      }),
    );
    const ofType = (lines: readonly string[], type: string) =>
      lines
        .filter((line) => line.includes(`type=${type}`))
        .map((line) => line.replace(/.*type=/, ''));
    const [ours, memcached] = [told[0]!, told[1]!];
    expect(ofType(ours, 'item_store')).toEqual(ofType(memcached, 'item_store'));
    // memcached also tells of the look that a store takes at what is there.
    const fetched = ofType(ours, 'item_get');
    expect(ofType(memcached, 'item_get')).toEqual(expect.arrayContaining(fetched));
    expect(fetched.length).toBe(5);
  });

  test('events of every thread, in order, to every watcher that wants them', async () => {
    const server = await started('-t', '4');
    const fetchers = await watching(server, 'fetchers');
    const both = await watching(server, 'mutations fetchers');
    for (let i = 0; i < 20; i++)
      await dialogue(server.address, `set k${i} 0 0 1\r\nx\r\nget k${i}\r\n`);
    const seen = await toldUntil(fetchers, 'key=k19');
    expect(seen.map((line) => /key=(\S+)/.exec(line)?.[1])).toEqual(
      Array.from({ length: 20 }, (_, i) => `k${i}`),
    );
    expect((await toldUntil(both, 'item_get key=k19')).length).toBe(40);
  });

  test('deletions, evictions, connections', async () => {
    const server = await started('-m', '2', '-I', '1m');
    const watcher = await watching(server, 'deletions evictions connevents');
    await dialogue(server.address, 'set a 0 0 1\r\nx\r\ndelete a\r\nset b 0 0 1\r\nx\r\nmd b\r\n');
    // Another test's client may look on this port for a node that has gone: that is told, too.
    const told = (await toldUntil(watcher, 'reason=normal')).map((line) =>
      line.replace(/.*type=/, ''),
    );
    expect(told[0]).toBe('conn_new rip=127.0.0.1 rport=# transport=tcp cfd=#');
    expect(told.filter((line) => !line.startsWith('conn_'))).toEqual([
      'deleted key=a cmd=delete clsid=# size=#',
      'deleted key=b cmd=md clsid=# size=#',
    ]);
    expect(told.at(-1)).toBe('conn_close rip=127.0.0.1 rport=# transport=tcp reason=normal cfd=#');
    let many = '';
    for (let i = 0; i < 4000; i++) many += `set k${i} 0 0 1000 noreply\r\n${'x'.repeat(1000)}\r\n`;
    await dialogue(server.address, `${many}mn\r\n`);
    const evicted = await toldUntil(watcher, 'type=eviction');
    expect(evicted.at(-1)).toMatch(/type=eviction key=k\d+ fetch=no ttl=-1 la=\d+ clsid=# size=#$/);
  });

  test('what gives way for a value is told before the value', async () => {
    const server = await started('-m', '2', '-t', '1');
    const set = (key: string): string => `set ${key} 0 0 1000\r\n${'x'.repeat(1000)}\r\n`;
    let many = '';
    for (let i = 0; i < 4000; i++) many += set(`k${i}`);
    await dialogue(server.address, many);
    const watcher = await watching(server, 'mutations evictions');
    await dialogue(server.address, set('first') + set('last'));
    const told = await toldUntil(watcher, 'key=last');
    const types = told.map((line) => /type=(\w+)/.exec(line)?.[1]);
    expect(types).toEqual(['eviction', 'item_store', 'eviction', 'item_store']);
  });

  test('what cannot be watched, and who may not', async () => {
    const server = await started();
    const say = async (said: string) => (await dialogue(server.address, said)).toString();
    expect(await say('watch foo\r\n')).toBe('ERROR\r\n');
    expect(await say('mn\r\nwatch\r\n')).toBe(
      'MN\r\nERROR cannot pipeline other commands before watch\r\n',
    );
    for (let i = 0; i < 20; i++) await watching(server, 'fetchers');
    expect(await say('watch\r\n')).toBe('WATCHER_TOO_MANY log watcher limit reached\r\n');
    const closed = await started('-W');
    expect((await dialogue(closed.address, 'watch\r\n')).toString()).toBe(
      'CLIENT_ERROR watch commands not allowed\r\n',
    );
  });

  test('a watcher that does not read costs the others nothing', async () => {
    const server = await started();
    const slow = await watching(server, 'fetchers mutations');
    slow.socket.pause();
    const get = 'get some-key-of-a-certain-length-that-fills-the-log\r\n'.repeat(20_000);
    for (let i = 0; i < 3; i++) {
      const reply = await dialogue(server.address, `${get}mn\r\n`);
      expect(reply.toString().endsWith('MN\r\n')).toBe(true);
    }
    slow.destroy();
  });
});
