import { describe, expect, test } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { serveVerb } from '../../../../src/cli/verbs/serve.ts';
import { serveFlags } from '../../../../src/cli/verbs/serve-flags.ts';
import type { ServerOptions } from '../../../../src/node/index.ts';
import { adminParts } from '../../../support/admin-parts.ts';
import { NO_CLUSTER } from '../../../support/no-cluster.ts';
import { TestHost } from '../host.ts';

interface Start {
  readonly code: number;
  readonly options: ServerOptions | undefined;
  readonly host: TestHost;
}

/** Runs a command line up to the start of its node, which ends at once. */
async function start(args: readonly string[], env = {}): Promise<Start> {
  let options: ServerOptions | undefined;
  const verb = serveVerb(async (given) => {
    options = given;
    const fastPath = { kind: 'off', reason: '' } as const;
    const checkThreads = async () => {};
    const ended = Promise.resolve();
    return { fastPath, ended, ...adminParts(), checkThreads, cluster: NO_CLUSTER };
  });
  const host = new TestHost({ env });
  const code = await run(args, [verb], host);
  return { code, options, host };
}

/** The lines about options without effect. */
const warnings = ({ host }: Start): string[] =>
  host.errorLines.filter((line) => line.includes('has no effect'));

/**
 * The flags of `memcached -h` (1.6.45, with TLS and SASL), and how many of them have no effect
 * here. Those that end the process or change it have tests of their own: -h -V -i -d -u -P -r.
 */
const FLAGS: readonly (readonly [flag: string, long: string, value: string, warnings: 0 | 1])[] = [
  ['-p', '--port', '11212', 0],
  ['-U', '--udp-port', '0', 0],
  ['-U', '--udp-port', '11211', 1],
  ['-s', '--unix-socket', '/tmp/x.sock', 0],
  ['-a', '--unix-mask', '0770', 0],
  ['-A', '--enable-shutdown', '', 0],
  ['-l', '--listen', '127.0.0.1', 0],
  ['-m', '--memory-limit', '256', 0],
  ['-M', '--disable-evictions', '', 0],
  ['-c', '--conn-limit', '2000', 0],
  ['-k', '--lock-memory', '', 1],
  ['-v', '--verbose', '', 0],
  ['-f', '--slab-growth-factor', '1.5', 0],
  ['-n', '--slab-min-size', '64', 0],
  ['-L', '--enable-largepages', '', 0],
  ['-D', '--prefix-delimiter', '/', 0],
  ['-t', '--threads', '2', 0],
  ['-R', '--max-reqs-per-event', '50', 0],
  ['-C', '--disable-cas', '', 0],
  ['-b', '--listen-backlog', '511', 0],
  ['-B', '--protocol', 'auto', 0],
  ['-B', '--protocol', 'ascii', 0],
  ['-B', '--protocol', 'binary', 0],
  ['-I', '--max-item-size', '2m', 0],
  ['-S', '--enable-sasl', '', 0],
  ['-F', '--disable-flush-all', '', 0],
  ['-X', '--disable-dumping', '', 0],
  ['-W', '--disable-watch', '', 0],
  ['-Y', '--auth-file', '/tmp/users', 0],
  ['-e', '--memory-file', '/tmp/items', 0],
  ['-Z', '--enable-ssl', '', 0],
  ['-o', '--extended', 'modern', 0],
  ['-N', '--napi-ids', '2', 1],
];

/** The suboptions of `memcached -o` (1.6.45, every build option on). */
const SUBOPTIONS: readonly (readonly [assignment: string, warnings: 0 | 1])[] = [
  ['maxconns_fast', 0],
  ['no_maxconns_fast', 1],
  ['hashpower=20', 1],
  ['no_hashexpand', 1],
  ['slab_reassign', 0],
  ['no_slab_reassign', 0],
  ['slab_automove', 0],
  ['slab_automove=2', 0],
  ['no_slab_automove', 0],
  ['tail_repair_time=60', 1],
  ['hash_algorithm=jenkins', 1],
  ['lru_crawler', 0],
  ['no_lru_crawler', 0],
  ['lru_crawler_sleep=100', 0],
  ['lru_crawler_tocrawl=0', 0],
  ['lru_maintainer', 0],
  ['no_lru_maintainer', 0],
  ['hot_lru_pct=30', 0],
  ['warm_lru_pct=30', 0],
  ['hot_max_factor=0.3', 0],
  ['warm_max_factor=3', 0],
  ['temporary_ttl=60', 0],
  ['idle_timeout=60', 0],
  ['read_buf_mem_limit=64', 0],
  ['slab_automove_ratio=0.8', 1],
  ['slab_automove_window=30', 1],
  ['slab_automove_freeratio=0.01', 1],
  ['slab_sizes=100-200-400', 1],
  ['slab_chunk_max=64', 0],
  ['slab_chunk_max=4096', 0],
  ['track_sizes', 0],
  ['inline_ascii_resp', 0],
  ['no_inline_ascii_resp', 0],
  ['modern', 0],
  ['no_modern', 0],
  ['no_chunked_items', 0],
  ['drop_privileges', 1],
  ['no_drop_privileges', 0],
  ['relaxed_privileges', 1],
  ['resp_obj_mem_limit=64', 1],
  ['watcher_logbuf_size=256', 1],
  ['worker_logbuf_size=64', 1],
  ['ssl_chain_cert=/tmp/cert', 0],
  ['ssl_key=/tmp/key', 0],
  ['ssl_verify_mode=0', 0],
  ['ssl_keyformat=1', 1],
  ['ssl_ciphers=HIGH', 0],
  ['ssl_ca_cert=/tmp/ca', 0],
  ['ssl_wbuf_size=16', 1],
  ['ssl_session_cache', 0],
  ['ssl_kernel_tls', 1],
  ['ssl_min_version=2', 0],
  ['sock_cookie_id=7', 1],
  ['proxy_config=routelib', 1],
  ['proxy_arg=/tmp/pools', 1],
  ['proxy_uring', 1],
  ['proxy_memprofile', 1],
  ['ext_path=/tmp/ext:1G', 1],
  ['ext_page_size=64', 1],
  ['ext_wbuf_size=4', 1],
  ['ext_threads=1', 1],
  ['ext_io_depth=1', 1],
  ['ext_item_size=512', 1],
  ['ext_item_age=60', 1],
  ['ext_low_ttl=0', 1],
  ['ext_drop_unread', 1],
  ['ext_recache_rate=2000', 1],
  ['ext_compact_under=4', 1],
  ['ext_drop_under=4', 1],
  ['ext_max_frag=0.8', 1],
  ['ext_max_sleep=1000000', 1],
];
/** What some flags need beside them. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  '-S': ['-Y', '/tmp/users'],
  '-Z': ['-o', 'ssl_chain_cert=/tmp/cert'],
};

describe('a command line of memcached starts a node', () => {
  test.each(FLAGS)('%s (%s) %s', async (flag, long, value, warningCount) => {
    const spellings =
      value === ''
        ? [[flag], [long], [`${flag} `]]
        : [
            [flag, value],
            [flag + value],
            [`${flag} ${value}`],
            [long, value],
            [`${long}=${value}`],
          ];
    for (const spelling of [...spellings, ...(value === '' ? [] : [[`${long} ${value}`]])]) {
      const started = await start([...spelling, ...(NEEDS[flag] ?? [])]);
      expect(started.host.errorLines.join('\n'), spelling.join('·')).not.toContain('slabring:');
      expect(started.options).toBeDefined();
      expect(warnings(started)).toHaveLength(warningCount);
      expect(warnings(started).join()).not.toContain('\n');
    }
  });

  test.each(SUBOPTIONS)('-o %s', async (assignment, warningCount) => {
    const started = await start(['-o', assignment]);
    expect(started.host.errorLines.join('\n')).not.toContain('slabring:');
    expect(started.options).toBeDefined();
    expect(warnings(started)).toHaveLength(warningCount);
  });

  test.each(['idle_timeout', 'hot_lru_pct', 'ssl_verify_mode', 'ssl_chain_cert', 'slab_chunk_max'])(
    '-o %s without a value is refused, as by memcached',
    async (suboption) => {
      const { code, host } = await start(['-o', suboption]);
      expect(code).toBe(2);
      const sentence = `slabring: -o (--extended) ${suboption} needs a value.`;
      expect(host.errorLines).toEqual([sentence]);
    },
  );

  test("a chart's arguments each contain an option and its value (memcached#1174)", async () => {
    const args = ['-c 2000', '-m 256', '-I 2m', '--extended=modern,track_sizes', '-v'];
    const { options } = await start(['serve', ...args]);
    expect(options).toMatchObject({
      connLimit: 2000,
      memoryLimitBytes: 256 * 2 ** 20,
      maxItemSizeBytes: 2 ** 21,
      trackSizes: true,
      verbosity: 1,
    });
  });

  test('a value with another option in the same argument is refused, not cut', async () => {
    const { code, host } = await start(['-m 256 -c 2000']);
    expect(code).toBe(2);
    expect(host.errorLines).toEqual([
      expect.stringContaining('-m (--memory-limit) is "256 -c 2000"; it must be a size'),
    ]);
  });

  test('no suboption is both an option and one without effect', () => {
    const { fulfilled = {}, ineffective = {} } = serveFlags.extended;
    const named = Object.values(serveFlags).flatMap(({ suboption }) => suboption ?? []);
    const others = [...Object.keys(fulfilled), ...Object.keys(ineffective)];
    expect(new Set([...named, ...others]).size).toBe(named.length + others.length);
  });

  test('-i prints the license', async () => {
    const host = new TestHost();
    expect(await run(['-i'], [serveVerb(() => Promise.reject(new Error('started')))], host)).toBe(
      0,
    );
    expect(host.outputLines.join()).toContain('MIT');
  });
});
