import { describe, expect, test } from 'vitest';
import { serverFlags } from '../../src/node/options/server-flags.ts';
import {
  amountOf,
  amountsIn,
  amountsNamed,
  boundsOfTable,
  bytes,
  count,
  ms,
  percent,
} from './amounts.ts';
import { changeBounds, etcdBounds, handoverBounds, memberBounds } from './cluster-bounds.ts';
import { Constants } from './constants.ts';
import { controlBounds } from './control-bounds.ts';
import { clusterBounds, copyBounds, opsBounds, sessionBounds } from './ops-bounds.ts';
import { topologyBounds } from './topology-bounds.ts';
import { codeIn, textOf } from './tree.ts';

const constants = new Constants(codeIn('src'), textOf);
/** The constants that the tables below name but the source lacks. */
const missing: string[] = [];
function the(path: string, name: string): number {
  try {
    return constants.number(path, name);
  } catch (error) {
    missing.push(`${path} › ${name}: ${(error as Error).message}`);
    return Number.NaN;
  }
}

/** The rows of docs/architecture.md, “What is bounded”, and the amounts of each, in their order. */
const BOUNDED: Readonly<Record<string, readonly string[]>> = {
  'request line': [
    bytes(the('protocol/limits.ts', 'LINE_BYTES_MAX')),
    bytes(the('protocol/limits.ts', 'GET_LINE_BYTES_MAX')),
  ],
  'output of a connection': [bytes(the('thread-region.ts', 'OUTPUT_BUFFER_BYTES'))],
  'long output of a thread': [bytes(the('server/sockets/output.ts', 'LARGE_BYTES_MAX'))],
  'buffers of all connections': [ms(the('thread-buffers.ts', 'PAUSED_MS_MAX'))],
  'turn of a connection': [count(the('get-exchange.ts', 'KEYS_PER_TURN_MIN'))],
  'look-ahead of a get': [count(the('look-ahead.ts', 'LOOK_AHEAD_KEYS_MAX'))],
  'bucket of the index': [count(the('index-table.ts', 'BUCKET_ITEMS_MAX'))],
  'connections of a node': [],
  'candidates for one eviction': [
    count(the('evictor.ts', 'CANDIDATES_MAX')),
    count(the('evictor.ts', 'SECOND_CHANCES_MAX')),
  ],
  'slice of the maintainer': [
    ms(the('maintainer.ts', 'CRAWL_MS_PER_SLICE')),
    count(the('maintainer.ts', 'PAGES_PER_SLICE')),
    count(the('lru-maintainer.ts', 'MOVES_MAX')),
    count(the('maintainer.ts', 'MAINTAINER_SLEEP.busyMs')),
    ms(the('maintainer.ts', 'MAINTAINER_SLEEP.idleMs')),
  ],
  'page move': [
    count(the('page-mover.ts', 'ROUNDS_MAX')),
    count(the('page-mover.ts', 'CHUNKS_PER_HOLD')),
  ],
  crawler: [percent(the('crawl-policy.ts', 'CPU_SHARE_MAX'))],
  'growth of the index': [],
  'wait for a lock': [ms(the('locks.ts', 'WAIT_MS') * the('locks.ts', 'WAITS_MAX'))],
  'requests between two threads': [count(the('channel.ts', 'PENDING_MAX'))],
  'read of a file by a node': [ms(the('read-file.ts', 'READ_MS_MAX'))],
  'spare requests of a thread': [
    count(the('request-pool.ts', 'SPARES_MAX')),
    count(the('request-pool.ts', 'SPARE_KEYS_MAX')),
  ],
  login: [
    bytes(the('server/session/login-data.ts', 'TOKEN_BYTES_MAX')),
    count(the('user-authenticator.ts', 'HASHING_LOGINS_MAX')),
  ],
  '`config`': [
    count(the('config-table.ts', 'CONFIG_ENTRIES_MAX')),
    bytes(the('protocol/limits.ts', 'CONFIG_BYTES_MAX')),
  ],
  'backlog of a watcher': [
    bytes(the('event-rings.ts', 'RING_BYTES')),
    count(the('event-rings.ts', 'WATCHERS_MAX')),
  ],
  'piece of a dump': [
    bytes(the('admin/dump.ts', 'PIECE_BYTES')),
    count(the('admin/dump.ts', 'STEPS_PER_PIECE')),
  ],
  'piece of a snapshot': [bytes(the('item-dump.ts', 'BYTES_PER_HOLD'))],
  'piece of stats conns': [
    bytes(the('stats-streams.ts', 'PIECE_BYTES')),
    count(
      the('stats-streams.ts', 'CONNECTIONS_PER_STEP') * the('stats-streams.ts', 'STEPS_PER_PIECE'),
    ),
  ],
  'TLS handshake': [ms(the('server/sockets/tls.ts', 'HANDSHAKE_MS_MAX'))],
  'silent clients': [ms(the('silence-guard.ts', 'CLOSING_SECONDS_MAX') * 1000)],
  drain: [
    ms(the('thread-server.ts', 'DRAIN_CHECK_INTERVAL_MS')),
    ms(
      the('thread-server.ts', 'DRAIN_CHECK_INTERVAL_MS') *
        the('thread-server.ts', 'DRAIN_CHECKS_MAX'),
    ),
    count(1), // MB/s: what the kernel's buffers make of the interval
  ],
  ...opsBounds(the),
  ...controlBounds(the),
  ...clusterBounds(the),
  ...memberBounds(the),
  ...changeBounds(the),
  ...handoverBounds(the),
  ...etcdBounds(the),
  ...topologyBounds(the),
  ...sessionBounds(the),
  ...copyBounds(the),
  'pending operations of a client': [],
  'operation of a client': [],
  'writes of a client': [
    bytes(the('client/connection/write-buffer.ts', 'WRITE_BYTES_MAX')),
    bytes(the('client/connection/connection.ts', 'UNSENT_BYTES_MAX')),
  ],
  reply: [
    bytes(the('reply-input.ts', 'LINE_BYTES_MAX')),
    bytes(the('reply-input.ts', 'VALUE_BYTES_MAX')),
  ],
  'background refreshes of a client': [count(the('load-coordinator.ts', 'REFRESHES_MAX'))],
  'queue of write-behind, near cache': [],
  'missed writes of a node': [count(the('stale-keys.ts', 'MISSED_KEYS_PER_NODE_MAX'))],
  'writes to failover nodes': [count(the('stale-keys.ts', 'FAILOVER_KEYS_MAX'))],
  'read repairs in flight': [count(the('read-repair.ts', 'REPAIRS_MAX'))],
  "failover nodes with `failover: 'next'`": [
    count(the('routing/compose.ts', 'NEXT_NODES_MAX')),
    ms(the('nested-options.ts', 'FAILOVER_TTL') * 1000),
  ],
  'previous placements of keys': [count(the('placement-history.ts', 'PLACEMENTS_MAX'))],
};
/** Sentences of other pages with the bounds that they name: the page, the sentence, the amount. */
const SENTENCES: readonly (readonly [page: string, sentence: RegExp, amount: string])[] = [
  ['large-items.md', /by default (.+?) as in memcached/, bytes(2 ** 19)],
  ['large-items.md', /in up to (\w+) attempts/, count(the('allocator.ts', 'STEALS_MAX'))],
  [
    'large-items.md',
    /\| (\w+) attempts \(`STEALS_MAX`\)/,
    count(the('allocator.ts', 'STEALS_MAX')),
  ],
  ['large-items.md', /in which one key in (\d+) waits/, count(the('layout.ts', 'STRIPES'))],
  ['large-items.md', /in pieces of (.+?),/, bytes(the('value-stream.ts', 'PIECE_BYTES'))],
  ['large-items.md', /in the output \| (.+?),/, bytes(the('value-stream.ts', 'PIECE_BYTES'))],
  [
    'large-items.md',
    /one buffer of (\S+ \S+),/,
    bytes(the('thread-region.ts', 'OUTPUT_BUFFER_BYTES')),
  ],
  ['protocol.md', /line of up to (\S+ \S+);/, bytes(the('limits.ts', 'GET_LINE_BYTES_MAX'))],
  ['protocol.md', /one key over (\S+ bytes)/, bytes(the('limits.ts', 'KEY_BYTES_MAX'))],
  ['protocol.md', /key has up to (\S+ bytes)/, bytes(the('limits.ts', 'KEY_BYTES_MAX'))],
  ['protocol.md', /\| key \| (\S+ bytes) \|/, bytes(the('limits.ts', 'KEY_BYTES_MAX'))],
  ['protocol.md', /\| (\S+ bytes); for `get`/, bytes(the('limits.ts', 'LINE_BYTES_MAX'))],
  ['protocol.md', /`gets` (\S+ MiB) \|/, bytes(the('limits.ts', 'GET_LINE_BYTES_MAX'))],
  ['protocol.md', /name of `get`; up to (\d+) keys/, count(the('line-words.ts', 'WORDS_MAX') - 1)],
  ['protocol.md', /up to (\d+) prefixes/, count(the('prefix-table.ts', 'PREFIXES_MAX'))],
  ['protocol.md', /up to (\d+) watchers/, count(the('event-rings.ts', 'WATCHERS_MAX'))],
  ['protocol.md', /(\d+) entries of/, count(the('config-table.ts', 'CONFIG_ENTRIES_MAX'))],
  ['protocol.md', /entries of (\S+ \S+)\./, bytes(the('limits.ts', 'CONFIG_BYTES_MAX'))],
  ['protocol.md', /from (\S+ MiB) to/, bytes(the('control/store-tuning.ts', 'MEMORY_BYTES_MIN'))],
  ['protocol.md', /to (\w+) times the limit/, count(the('memory-plan.ts', 'MEMORY_GROWTH_MAX'))],
  ['protocol.md', /at most (\S+ %) of a core/, percent(the('crawl-policy.ts', 'CPU_SHARE_MAX'))],
  ['protocol.md', /has up to (\d+) flags/, count(the('text/meta.ts', 'COMMAND_WORDS_MAX') - 2)],
  [
    'protocol.md',
    /up to (\d+) characters/,
    count(the('meta-request-flags.ts', 'OPAQUE_TOKEN_BYTES_MAX') - 1),
  ],
  ['protocol.md', /login of more than (\S+ bytes)/, bytes(the('login-data.ts', 'TOKEN_BYTES_MAX'))],
  ['protocol.md', /log in (\d+) times/, count(serverFlags.loginAttempts.default)],
  ['protocol.md', /`-c`, (\d+)/, count(serverFlags.connLimit.default)],
  ['protocol.md', /`-R`, (\d+)/, count(serverFlags.maxReqsPerEvent.default)],
  ['security.md', /at most (\d+) lines/, count(the('auth/users.ts', 'USERS_MAX'))],
  ['security.md', /a user at most (\d+)/, count(the('auth/users.ts', 'PASSWORDS_PER_USER_MAX'))],
  ['security.md', /costs, at most (\w+);/, count(the('auth/users.ts', 'HASHES_PER_LOGIN_MAX'))],
  ['security.md', /at most N = (\S+),/, count(2 ** the('scrypt.ts', 'LOG2_N_MAX'))],
  ['security.md', /at most N = .+? r = (\d+)/, count(the('scrypt.ts', 'BLOCK_SIZE_MAX'))],
  ['security.md', /at most N = .+? p = (\d+)/, count(the('scrypt.ts', 'PARALLELIZATION_MAX'))],
  ['security.md', /hashes \(N = (\S+),/, count(2 ** the('scrypt.ts', 'LOG2_N'))],
  ['security.md', /hashes \(N = .+? r = (\d+)/, count(the('scrypt.ts', 'BLOCK_SIZE'))],
  ['security.md', /(\d+) valid logins/, count(the('user-authenticator.ts', 'RECENT_LOGINS_MAX'))],
  [
    'security.md',
    /hashes for (\w+) logins/,
    count(the('user-authenticator.ts', 'HASHING_LOGINS_MAX')),
  ],
  [
    'security.md',
    /while (\d+) logins wait/,
    count(the('user-authenticator.ts', 'WAITING_LOGINS_MAX')),
  ],
  [
    'security.md',
    /user name \(at most (\S+ \w+)/,
    bytes(the('login-log.ts', 'USER_LOGGED_BYTES_MAX')),
  ],
  ['security.md', /at most (\w+) per second/, count(the('login-log.ts', 'REPORTS_PER_WINDOW_MAX'))],
  ['client.md', /after (\S+ ms), then/, ms(the('probe-delay.ts', 'PROBE_DELAY_MS_MIN'))],
  ['client.md', /intervals up to (\S+ s),/, ms(the('probe-delay.ts', 'PROBE_DELAY_MS_MAX'))],
  ['client.md', /one in (\S+ ms),/, ms(the('connection/node.ts', 'LAST_RESORT_PROBE_GAP_MS'))],
  ['client.md', /values over (\S+ KiB)/, bytes(the('compression.ts', 'SYNC_BYTES_MAX'))],
  ['client.md', /\| up to (\S+ bytes) +\|/, bytes(the('values/keys.ts', 'NAMESPACE_BYTES_MAX'))],
  ['patterns.md', /At most (\d+) refreshes/, count(the('load-coordinator.ts', 'REFRESHES_MAX'))],
  ['patterns.md', /intervals up to (\S+ ms)/, ms(the('load-plan.ts', 'POLL_DELAY_MS_MAX'))],
  ['store.md', /A stripe\*\* \((\d+) of them/, count(the('layout.ts', 'STRIPES'))],
  ['store.md', /space for (\w+) times/, count(the('memory-plan.ts', 'MEMORY_GROWTH_MAX'))],
  ['store.md', /at most (\S+) items a bucket/, count(the('layout.ts', 'INDEX_LOAD_MAX'))],
  ['store.md', /for every (\S+ bytes)/, bytes(the('layout.ts', 'BYTES_PER_GHOST'))],
  ['store.md', /short header of (\S+ bytes)/, bytes(the('layout.ts', 'ITEM_HEADER_BYTES'))],
  ['store.md', /units of (\S+ bytes)/, bytes(the('layout.ts', 'ID_UNIT_BYTES'))],
  [
    'store.md',
    /value of up to (\S+ \S+) that/,
    bytes(the('write-whole.ts', 'WHOLE_VALUE_BYTES_MAX')),
  ],
  ['store.md', /hit count of at most (\d+)/, count(the('store/items.ts', 'HITS_MAX'))],
  ['store.md', /at most (\d+) candidates/, count(the('evictor.ts', 'CANDIDATES_MAX'))],
  ['store.md', /at most (\d+) of them/, count(the('evictor.ts', 'SECOND_CHANCES_MAX'))],
  ['store.md', /busy for (\d+) rounds/, count(the('page-mover.ts', 'ROUNDS_MAX'))],
  ['store.md', /whenever (\S+ \S+) and/, bytes(the('page-balancer.ts', 'EVICTED_BYTES_MIN'))],
  ['store.md', /and (\d+) items have been/, count(the('page-balancer.ts', 'EVICTIONS_MIN'))],
  ['store.md', /loss and (\w+) misses more/, count(the('page-policy.ts', 'GAIN_HITS_MIN'))],
  ['store.md', /more than (\w+) times as long/, count(the('page-policy.ts', 'IDLE_FACTOR_MIN'))],
  ['store.md', /(\w+ seconds) more/, ms(the('page-policy.ts', 'IDLE_SECONDS_MIN') * 1000)],
  ['store.md', /order: (\d+) chunks under/, count(the('store/crawler.ts', 'CHUNKS_PER_HOLD'))],
  ['store.md', /one lock, (\S+ ms)/, ms(the('maintainer.ts', 'CRAWL_MS_PER_SLICE'))],
  ['store.md', /once (\S+ %) of/, percent(the('crawl-policy.ts', 'EXPIRED_SHARE_MIN'))],
  ['store.md', /within (\S+ seconds)/, ms(the('crawl-policy.ts', 'WAIT_SECONDS_MAX') * 1000)],
  ['store.md', /every (\S+ ms) for the clock/, ms(the('maintainer.ts', 'MAINTAINER_SLEEP.idleMs'))],
  ['operating.md', /After (\S+ s) it/, ms(the('thread-server.ts', 'DRAIN_CHECK_INTERVAL_MS'))],
  ['tls.md', /a limit of (\S+ seconds)/, ms(the('server/sockets/tls.ts', 'HANDSHAKE_MS_MAX'))],
];

describe('bounds', () => {
  test('the source has every constant that is compared here', () => {
    expect(missing).toEqual([]);
  });
  test('docs/architecture.md lists exactly the amounts of the constants', () => {
    expect(boundsOfTable(textOf('docs/architecture.md'), 'What is bounded')).toEqual(BOUNDED);
  });
  test.each(SENTENCES)('docs/%s names the amount in %s', (page, sentence, amount) => {
    expect(amountsNamed(textOf(`docs/${page}`), sentence)).toEqual([amount]);
  });
});

describe('the rules of bounds', () => {
  test('the rules of bounds read amounts in their units', () => {
    expect(amountsIn('2048 bytes; 4 MiB, 16,384 keys, 1.5 s, 1 to 50 ms, 1 %, N = 2^15')).toEqual([
      '2048 bytes',
      `${4 * 2 ** 20} bytes`,
      '16384',
      '1500 ms',
      '1',
      '50 ms',
      '1 %',
      '32768',
    ]);
    expect(['eight', 'Ten seconds', 'a', '64 KiB'].map(amountOf)).toEqual([
      '8',
      '10000 ms',
      '"a"',
      '65536 bytes',
    ]);
  });
  test('the rules of bounds read the rows of one table, without the code in it', () => {
    const page =
      '\n## A\n\n| x | y |\n|---|---|\n| one | 5 ms (`a2.ts`) |\n| two | no |\n\n## B\n| c | 1 |';
    expect(boundsOfTable(page, 'A')).toEqual({ one: ['5 ms'], two: [] });
  });
  test('the rules of bounds find a sentence across line ends, and report each match of it', () => {
    expect(amountsNamed('up to\n  4 keys, up to 5\nkeys', /up to (\d) keys/)).toEqual(['4', '5']);
    expect(amountsNamed('up to 4 nodes', /up to (\d) keys/)).toEqual([]);
  });
  test('the rules of bounds evaluate constants of a file and of those that it imports', () => {
    const files: Readonly<Record<string, string>> = {
      'src/a/x.ts': [
        `import { UNIT as U, BASE } from '../b/y.ts';`,
        'export const A = 2 * BASE + 1;',
        'const B = -(1 << 4);',
        'const SLEEP = { idleMs: 50, deep: { ms: 2 ** 3 } } as const;',
        'const F = () => 1;',
        'const C = U * 2;',
      ].join('\n'),
      'src/b/y.ts': 'export const BASE = 1_000 / 4, UNIT = 7;',
    };
    const own = new Constants(Object.keys(files), (file) => files[file]!);
    expect(own.number('x.ts', 'A')).toBe(501);
    expect(own.number('a/x.ts', 'B')).toBe(-16);
    expect(own.number('x.ts', 'SLEEP.idleMs')).toBe(50);
    expect(own.number('x.ts', 'SLEEP.deep.ms')).toBe(8);
    expect(own.number('x.ts', 'C')).toBe(14);
    expect(() => own.number('x.ts', 'D')).toThrow('no constant D');
    expect(() => own.number('x.ts', 'F')).toThrow('cannot evaluate');
    expect(() => own.number('z.ts', 'A')).toThrow('0 files');
    expect(() => own.number('s', 'A')).toThrow('0 files');
    expect(() => own.number('b/x.ts', 'A')).toThrow('0 files');
    expect(own.number('src/y.ts', 'BASE')).toBe(250);
  });
});
