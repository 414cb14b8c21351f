import { afterEach, describe, expect, test } from 'vitest';
import { startMemcached, whyNoMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

const servers: TestServer[] = [];
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}

/** Connects a watcher. */
async function startWatching(server: TestServer, streams: string): Promise<RawConnection> {
  const connection = await RawConnection.connect(server.address);
  connections.push(connection);
  connection.send(`watch ${streams}\r\n`);
  expect((await connection.readUntil('\r\n')).toString()).toBe('OK\r\n');
  return connection;
}

/** Reads events up to a line that contains `last`, and masks the fields that vary between runs. */
async function eventsUntil(watcher: RawConnection, last: string): Promise<readonly string[]> {
  const before = (await watcher.readUntil(last)).toString('latin1');
  const lines = (before + (await watcher.readUntil('\n')).toString('latin1')).trimEnd().split('\n');
  return lines.map((line) => line.replaceAll(/(ts|gid|cfd|clsid|size|rport)=[\d.]+/g, '$1=#'));
}

const REQUESTS =
  'set a 0 0 2\r\nhi\r\nadd a 0 0 1\r\nx\r\nget a none\r\nset k%b 0 100 0\r\n\r\n' +
  'replace none 0 0 1\r\nx\r\nmg a v\r\nmg zz\r\nget last\r\n';

describe('watch', () => {
  test.skipIf(whyNoMemcached('1.6.18') !== undefined)(
    'the node sends the events that memcached sends',
    async () => {
      const theirs = await startMemcached();
      servers.push(theirs);
      const events = await Promise.all(
        [await startNode(), theirs].map(async (server) => {
          const watcher = await startWatching(server, 'fetchers mutations');
          await sendAndReadToEnd(server.address, REQUESTS);
          return eventsUntil(watcher, 'key=last');
        }),
      );
      const ofType = (lines: readonly string[], type: string) =>
        lines
          .filter((line) => line.includes(`type=${type}`))
          .map((line) => line.replace(/.*type=/, ''));
      const [ours, memcached] = [events[0]!, events[1]!];
      expect(ofType(ours, 'item_store')).toEqual(ofType(memcached, 'item_store'));
      // memcached also sends an event when a storage command looks up the old item.
      const fetched = ofType(ours, 'item_get');
      expect(ofType(memcached, 'item_get')).toEqual(expect.arrayContaining(fetched));
      expect(fetched.length).toBe(5);
    },
  );

  test('the node sends the events of all threads, in order, to all their watchers', async () => {
    const server = await startNode('-t', '4');
    const fetchers = await startWatching(server, 'fetchers');
    const both = await startWatching(server, 'mutations fetchers');
    for (let i = 0; i < 20; i++)
      await sendAndReadToEnd(server.address, `set k${i} 0 0 1\r\nx\r\nget k${i}\r\n`);
    const seen = await eventsUntil(fetchers, 'key=k19');
    expect(seen.map((line) => /key=(\S+)/.exec(line)?.[1])).toEqual(
      Array.from({ length: 20 }, (_, i) => `k${i}`),
    );
    expect((await eventsUntil(both, 'item_get key=k19')).length).toBe(40);
  });

  test('the node sends deletions, evictions and connection events', async () => {
    const server = await startNode('-m', '2', '-I', '1m');
    const watcher = await startWatching(server, 'deletions evictions connevents');
    await sendAndReadToEnd(
      server.address,
      'set a 0 0 1\r\nx\r\ndelete a\r\nset b 0 0 1\r\nx\r\nmd b\r\n',
    );
    // A client of another test may probe this port for its former node, which causes events too.
    const events = (await eventsUntil(watcher, 'reason=normal')).map((line) =>
      line.replace(/.*type=/, ''),
    );
    expect(events[0]).toBe('conn_new rip=127.0.0.1 rport=# transport=tcp cfd=#');
    expect(events.filter((line) => !line.startsWith('conn_'))).toEqual([
      'deleted key=a cmd=delete clsid=# size=#',
      'deleted key=b cmd=md clsid=# size=#',
    ]);
    expect(events.at(-1)).toBe(
      'conn_close rip=127.0.0.1 rport=# transport=tcp reason=normal cfd=#',
    );
    let many = '';
    for (let i = 0; i < 4000; i++) many += `set k${i} 0 0 1000 noreply\r\n${'x'.repeat(1000)}\r\n`;
    await sendAndReadToEnd(server.address, `${many}mn\r\n`);
    const evicted = await eventsUntil(watcher, 'type=eviction');
    expect(evicted.at(-1)).toMatch(/type=eviction key=k\d+ fetch=no ttl=-1 la=\d+ clsid=# size=#$/);
  });

  test('the node sends an eviction before the store that caused it', async () => {
    const server = await startNode('-m', '2', '-t', '1');
    const set = (key: string): string => `set ${key} 0 0 1000\r\n${'x'.repeat(1000)}\r\n`;
    let many = '';
    for (let i = 0; i < 4000; i++) many += set(`k${i}`);
    await sendAndReadToEnd(server.address, many);
    const watcher = await startWatching(server, 'mutations evictions');
    await sendAndReadToEnd(server.address, set('first') + set('last'));
    const events = await eventsUntil(watcher, 'key=last');
    const types = events.map((line) => /type=(\w+)/.exec(line)?.[1]);
    expect(types).toEqual(['eviction', 'item_store', 'eviction', 'item_store']);
  });

  test('stats counts the events and their watchers', async () => {
    const server = await startNode();
    const counts = async () => {
      const stats = (await sendAndReadToEnd(server.address, 'stats\r\n')).toString();
      const value = (name: string) =>
        Number(new RegExp(`STAT log_${name} (\\d+)`).exec(stats)?.[1]);
      return [value('watchers'), value('worker_written'), value('watcher_sent')];
    };
    expect(await counts()).toEqual([0, 0, 0]);
    const watchers = [
      await startWatching(server, 'fetchers'),
      await startWatching(server, 'fetchers'),
    ];
    await sendAndReadToEnd(server.address, 'get a b last\r\n');
    for (const watcher of watchers) await eventsUntil(watcher, 'key=last');
    expect(await counts()).toEqual([2, 3, 6]);
    for (const watcher of watchers) await watcher.finish();
    expect(await counts()).toEqual([0, 3, 6]);
  });

  test('watch is refused for unknown streams, pipelining, too many watchers and -W', async () => {
    const server = await startNode();
    const exchange = async (requests: string) =>
      (await sendAndReadToEnd(server.address, requests)).toString();
    expect(await exchange('watch foo\r\n')).toBe('ERROR\r\n');
    expect(await exchange('mn\r\nwatch\r\n')).toBe(
      'MN\r\nERROR cannot pipeline other commands before watch\r\n',
    );
    for (let i = 0; i < 20; i++) await startWatching(server, 'fetchers');
    expect(await exchange('watch\r\n')).toBe('WATCHER_TOO_MANY log watcher limit reached\r\n');
    const closed = await startNode('-W');
    expect((await sendAndReadToEnd(closed.address, 'watch\r\n')).toString()).toBe(
      'CLIENT_ERROR watch commands not allowed\r\n',
    );
  });

  test('a watcher that does not read does not delay other clients', async () => {
    const server = await startNode();
    const slow = await startWatching(server, 'fetchers mutations');
    slow.socket.pause();
    const get = 'get some-key-of-a-certain-length-that-fills-the-log\r\n'.repeat(20_000);
    for (let i = 0; i < 3; i++) {
      const reply = await sendAndReadToEnd(server.address, `${get}mn\r\n`);
      expect(reply.toString().endsWith('MN\r\n')).toBe(true);
    }
    slow.destroy();
  });
});
