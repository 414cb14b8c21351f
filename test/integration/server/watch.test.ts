import { afterEach, describe, expect, test } from 'vitest';
import { OP, packet } from '../../support/binary-wire.ts';
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

/** Fields that vary between runs; the class of a miss is always 0. */
const MASKED = /(ts|gid|cfd|rport|clsid(?==[1-9]))=[\d.]+/g;

/** Reads events up to a line that contains `last`, and masks the fields that vary between runs. */
async function eventsUntil(watcher: RawConnection, last: string): Promise<readonly string[]> {
  const before = (await watcher.readUntil(last)).toString('latin1');
  const lines = (before + (await watcher.readUntil('\n')).toString('latin1')).trimEnd().split('\n');
  return lines.map((line) => line.replaceAll(MASKED, '$1=#'));
}

/** Every command that looks up or changes an item. */
const REQUESTS = [
  ...['set a 0 0 2\r\nhi', 'add a 0 0 1\r\nx', 'get a none', 'set k%b 0 100 0\r\n'],
  ...['replace none 0 0 1\r\nx', 'cas a 0 0 1 99999\r\nx', 'cas none 0 0 1 1\r\nx'],
  ...['touch a 500', 'append a 0 0 1\r\nx', 'prepend a 9 9 1\r\nx', 'append none 0 9 1\r\nx'],
  ...['gat 100 a', 'gats 100 none', 'mg a v', 'mg zz', 'mg new N30 v', 'me a', 'me none'],
  ...['set n 0 50 2\r\n10', 'incr n 1', 'decr none 1', 'ma n', 'ma none', 'ma made N0 J7'],
  ...['ms a 1 T20\r\ny', 'ms a 1 MA\r\ny', 'md a I T40', 'ms a 2 I C1 T9\r\nzz'],
  ...['delete n', 'delete none', 'md a', 'md none', 'set dead 0 -1 1\r\nx', 'get dead'],
  'get last',
]
  .map((request) => `${request}\r\n`)
  .join('');

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
      const withoutStamp = (line: string) => line.replace(/.*type=/, '');
      // memcached looks up the key of an `ma` that creates a second time.
      const made = 'item_get key=made status=not_found clsid=0 cfd=# size=0';
      const memcached = events[1]!.map(withoutStamp);
      memcached.splice(memcached.indexOf(made), 1);
      // memcached's unsigned ttl of an item that expires at once depends on its clock.
      const comparable = (lines: readonly string[]) =>
        lines.map((line) => line.replace(/ ttl=(-\d+|\d{10}) /, ' ttl=past '));
      expect(comparable(events[0]!.map(withoutStamp))).toEqual(comparable(memcached));
      expect(memcached.length).toBeGreaterThan(50);
    },
  );

  test('the node sends the events of all threads, in order, to all their watchers', async () => {
    const server = await startNode('-t', '4');
    const fetchers = await startWatching(server, 'fetchers');
    const both = await startWatching(server, 'mutations fetchers');
    for (let i = 0; i < 20; i++)
      await sendAndReadToEnd(server.address, `set k${i} 0 0 1\r\nx\r\nget k${i}\r\n`);
    // Two look-ups and a mutation for each key.
    const seen = await eventsUntil(fetchers, 'key=k19 status=found');
    expect(seen.map((line) => /key=(\S+)/.exec(line)?.[1])).toEqual(
      Array.from({ length: 40 }, (_, i) => `k${Math.floor(i / 2)}`),
    );
    expect((await eventsUntil(both, 'item_get key=k19 status=found')).length).toBe(60);
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
      'deleted key=a cmd=delete clsid=# size=1',
      'deleted key=b cmd=md clsid=# size=1',
    ]);
    expect(events.at(-1)).toBe(
      'conn_close rip=127.0.0.1 rport=# transport=tcp reason=normal cfd=#',
    );
    // Not all at once: a burst that is larger than the buffer of events leaves a gap.
    for (let i = 0; i < 4000; i += 100) {
      const sets = Array.from(
        { length: 100 },
        (_, nth) => `set k${i + nth} 0 0 1000 noreply\r\n${'x'.repeat(1000)}\r\n`,
      );
      await sendAndReadToEnd(server.address, `${sets.join('')}mn\r\n`);
    }
    const evicted = await eventsUntil(watcher, 'type=eviction');
    expect(evicted.at(-1)).toMatch(
      /type=eviction key=k\d+ fetch=no ttl=-1 la=\d+ clsid=# size=1000$/,
    );
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
    // The thread notices the end of a watcher's connection on its own time.
    await expect.poll(counts, { timeout: 20_000 }).toEqual([0, 3, 6]);
  });

  test('binary requests that fail are events like others', async () => {
    const server = await startNode('-I', '1k', '-m', '8');
    const watcher = await startWatching(server, 'mutations');
    const [extras, value] = [Buffer.alloc(8), 'x'.repeat(4000)];
    const packets = [
      packet({ opcode: OP.set, key: 'large', extras, value }),
      packet({ opcode: OP.replace, key: 'none', extras, value: 'x' }),
      packet({ opcode: OP.set, key: 'last', extras, value: 'x', cas: 9n }),
    ];
    await sendAndReadToEnd(server.address, Buffer.concat(packets));
    const events = await eventsUntil(watcher, 'key=last');
    expect(events.map((line) => /status=\w+ cmd=\w+/.exec(line)?.[0])).toEqual([
      'status=too_large cmd=set',
      'status=not_stored cmd=replace',
      'status=not_found cmd=cas',
    ]);
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
