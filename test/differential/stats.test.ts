import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { RawConnection } from '../support/wire.ts';
import { OMITTED_FIELDS } from './known-differences.ts';
import { lines, put } from './script.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair, subjectIsMemcached } from './servers.ts';

/**
 * Counters that agree after the same requests. Not get_expired and total_items, because
 * memcached's background work changes them.
 */
const SAME_VALUES = [
  ...['cmd_get', 'cmd_set', 'cmd_flush', 'cmd_touch', 'cmd_meta', 'get_hits', 'get_misses'],
  ...['delete_misses', 'delete_hits', 'incr_misses', 'incr_hits', 'decr_misses', 'decr_hits'],
  ...[
    'cas_misses',
    'cas_hits',
    'cas_badval',
    'touch_hits',
    'touch_misses',
    'store_too_large',
    'store_no_memory',
  ],
  ...[
    'curr_items',

    'evictions',
    'limit_maxbytes',
    'max_connections',
    'pointer_size',
    'threads',
  ],
  ...['rejected_connections', 'auth_cmds', 'auth_errors', 'bytes_read', 'accepting_conns'],
] as const;

/** Settings that ARGS sets, or that have the same default. */
const SAME_SETTINGS = [
  ...['maxbytes', 'maxconns', 'udpport', 'evictions', 'growth_factor', 'chunk_size', 'num_threads'],
  ...[
    'reqs_per_event',
    'cas_enabled',
    'tcp_backlog',
    'item_size_max',
    'flush_enabled',
    'verbosity',
  ],
] as const;

const ARGS = ['-m', '32', '-c', '77', '-t', '2', '-R', '9', '-b', '55', '-f', '1.5', '-n', '64'];

const REQUESTS = [
  lines('flush_all'),
  ...[put('set', 'a', '1'), put('set', 'b', 'x'), put('add', 'a', '2'), put('append', 'b', 'y')],
  ...[
    lines('get a b c'),
    lines('gets a'),
    lines('gat 100 a c'),
    lines('touch b 100'),
    lines('touch c 1'),
  ],
  ...[
    lines('incr a 1'),
    lines('incr c 1'),
    lines('decr a 1'),
    lines('decr c 1'),
    lines('decr c 1'),
  ],
  ...[put('cas', 'a', '1', ' 99999999'), put('cas', 'c', '1', ' 1')],
  ...[
    lines('delete b'),
    lines('delete b'),
    lines('set e 0 -1 1', 'x'),
    lines('get e'),
    lines('verbosity 0'),
  ],
  put('set', 'big', 'x'.repeat(2_000_000)),
  ...[put('replace', 'zz', 'x'), put('set', 'q', '1', ' noreply'), put('set', 'a', '1')],
];

type Stats = ReadonlyMap<string, string>;

async function statsOf(connection: RawConnection, request: string): Promise<Stats> {
  const reply = (await connection.exchange(`${request}\r\n`)).toString();
  expect(reply.endsWith('END\r\n')).toBe(true);
  const rows = reply.matchAll(/^STAT (\S+) (.*)\r$/gm);
  return new Map([...rows].map(([, name = '', value = '']) => [name, value]));
}

/** The names of `wanted` that `got` lacks or has in another order; `got` may have more names. */
function missingOrOutOfOrder(wanted: Iterable<string>, got: Iterable<string>): string[] {
  const rest = [...got];
  let at = 0;
  return [...wanted].filter((name) => {
    const found = rest.indexOf(name, at);
    if (found >= 0) at = found + 1;
    return found < 0;
  });
}

const omittedFields = (request: string): readonly string[] =>
  subjectIsMemcached ? [] : (OMITTED_FIELDS[request] ?? []);

const pick = (stats: Stats, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, stats.get(name)]));

/** The field names without the class number, which depends on the chunk sizes of the server. */
const withoutClass = (stats: Stats) =>
  new Set([...stats.keys()].map((name) => name.replace(/\d+:/, 'N:')));

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined)('stats', () => {
  let pair: Pair | undefined;
  let ours: RawConnection;
  let theirs: RawConnection;

  beforeAll(async () => {
    pair = await startPair({ args: ARGS, withBackgroundWork: true });
    ours = await RawConnection.connect(pair.ours.address);
    theirs = await RawConnection.connect(pair.theirs.address);
    for (const connection of [ours, theirs])
      for (const step of REQUESTS) await connection.exchange(step);
  });
  afterAll(async () => {
    ours?.destroy();
    theirs?.destroy();
    await stopPair(pair);
  });

  test.for(['stats', 'stats settings'])(
    '%s has the fields of memcached, in its order',
    async (request) => {
      const [mine, other] = [await statsOf(ours, request), await statsOf(theirs, request)];
      expect(missingOrOutOfOrder(other.keys(), mine.keys())).toEqual(omittedFields(request));
    },
  );

  test.for(['stats items', 'stats slabs', 'stats sizes'])(
    '%s has the fields of memcached, in its order',
    async (request) => {
      const [mine, other] = [await statsOf(ours, request), await statsOf(theirs, request)];
      expect(missingOrOutOfOrder(withoutClass(other), withoutClass(mine))).toEqual(
        omittedFields(request),
      );
    },
  );

  test('the same requests give the same counters', async () => {
    const [mine, other] = [await statsOf(ours, 'stats'), await statsOf(theirs, 'stats')];
    expect(pick(mine, SAME_VALUES)).toEqual(pick(other, SAME_VALUES));
  });

  test('the same arguments give the same settings', async () => {
    const [mine, other] = [
      await statsOf(ours, 'stats settings'),
      await statsOf(theirs, 'stats settings'),
    ];
    expect(pick(mine, SAME_SETTINGS)).toEqual(pick(other, SAME_SETTINGS));
  });

  test('stats conns has the fields of memcached', async () => {
    const fields = async (connection: RawConnection) =>
      new Set(
        [...(await statsOf(connection, 'stats conns')).keys()].map((name) =>
          name.replace(/^\d+:/, 'N:'),
        ),
      );
    expect(missingOrOutOfOrder(await fields(theirs), await fields(ours))).toEqual([]);
  });

  test('stats reset resets the same counters as memcached', async () => {
    const after = async (connection: RawConnection) => {
      await connection.exchange('set kept 0 0 1\r\nv\r\n');
      const before = await statsOf(connection, 'stats');
      const reply = await connection.exchange('stats reset\r\n');
      const stats = await statsOf(connection, 'stats');
      return {
        reply: reply.toString(),
        // Not compared itself: memcached counts flushed items until it frees them.
        keepsItems: stats.get('curr_items') === before.get('curr_items'),
        ...pick(stats, [
          'cmd_get',
          'cmd_set',
          'get_hits',
          'total_items',
          'evictions',
          'cas_badval',
        ]),
      };
    };
    expect(await after(ours)).toEqual(await after(theirs));
  });
});
