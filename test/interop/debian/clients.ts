import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A client that Debian packages. */
export interface DebianClient {
  readonly title: string;
  readonly packages: readonly string[];
  /** A command that exits with 0 if the client is installed. */
  readonly probe: readonly string[];
  /** The command of the agent that executes operations of the tests. */
  readonly agent: readonly string[];
  /** The command of a load on keys of its own: see test/drills/stock-clients/stock-load.ts. */
  readonly load?: readonly string[];
  /** How to get the client if Debian's packages do not contain it. */
  readonly remedy?: string;
}

/** The interpreters that Debian's packages extend; the PATH may contain others. */
const PYTHON = '/usr/bin/python3';
const RUBY = '/usr/bin/ruby';
export const PHP = '/usr/bin/php';

const agentFile = (name: string): string =>
  fileURLToPath(new URL(`./agents/${name}`, import.meta.url));

export const PYMEMCACHE: DebianClient = {
  title: "Python's pymemcache",
  packages: ['python3-pymemcache'],
  probe: [PYTHON, '-c', 'import pymemcache'],
  agent: [PYTHON, '-B', agentFile('pymemcache_agent.py')],
  load: [PYTHON, '-B', agentFile('pymemcache_load.py')],
};

/**
 * No release of pymemcache up to 4.0.0 contains this client; its repository does since 2025.
 * `PYTHONPATH` may name a checkout.
 */
export const PYMEMCACHE_AWS: DebianClient = {
  title: "pymemcache's client of ElastiCache",
  packages: ['python3-pymemcache'],
  probe: [PYTHON, '-c', 'import pymemcache.client.ext.aws_ec_client'],
  agent: [PYTHON, '-B', agentFile('pymemcache_aws_agent.py')],
  remedy: 'PYTHONPATH must name a checkout of pymemcache later than its release 4.0.0',
};

export const PYLIBMC: DebianClient = {
  title: "Python's pylibmc",
  packages: ['python3-pylibmc', 'libsasl2-modules'],
  probe: [PYTHON, '-c', 'import pylibmc'],
  agent: [PYTHON, '-B', agentFile('pylibmc_agent.py')],
  load: [PYTHON, '-B', agentFile('pylibmc_load.py')],
};

export const PHP_MEMCACHED: DebianClient = {
  title: "PHP's memcached",
  packages: ['php-cli', 'php-memcached', 'libsasl2-modules'],
  probe: [PHP, '-r', 'exit(class_exists("Memcached") ? 0 : 1);'],
  agent: [PHP, agentFile('memcached_agent.php')],
  load: [PHP, agentFile('memcached_load.php')],
};

export const DALLI: DebianClient = {
  title: "Ruby's dalli",
  packages: ['ruby', 'ruby-dalli'],
  probe: [RUBY, '-e', 'require "dalli"'],
  agent: [RUBY, agentFile('dalli_agent.rb')],
};

/**
 * The dalli of Debian 12 ignores the option for meta, and dalli 3.2 truncates values at their first
 * line break. `RUBYLIB` may name the `lib` of dalli 4.0 (5 needs a newer Ruby than Debian 12's).
 */
export const DALLI_META: DebianClient = {
  ...DALLI,
  title: "Ruby's dalli by meta",
  probe: [RUBY, '-e', 'require "dalli"; exit(Dalli::VERSION.to_i >= 4)'],
  remedy: 'RUBYLIB must name the lib folder of dalli 4.0',
};

export const LIBMEMCACHED_TOOLS: DebianClient = {
  title: 'libmemcached-tools',
  packages: ['libmemcached-tools', 'libsasl2-modules'],
  probe: ['memcping', '--version'],
  agent: [],
};

/** Debian's memcached contains the tool, but not on the PATH. */
export const MEMCACHED_TOOL_FILE = '/usr/share/memcached/scripts/memcached-tool';
export const MEMCACHED_TOOL: DebianClient = {
  title: 'memcached-tool',
  packages: ['memcached', 'perl'],
  probe: ['perl', '-c', MEMCACHED_TOOL_FILE],
  agent: [],
};

export const COLLECTD: DebianClient = {
  title: 'collectd',
  packages: ['collectd-core'],
  probe: ['/usr/sbin/collectd', '-h'],
  agent: [],
};

export const DEBIAN_CLIENTS = [
  PYMEMCACHE,
  PYLIBMC,
  PHP_MEMCACHED,
  DALLI,
  LIBMEMCACHED_TOOLS,
  MEMCACHED_TOOL,
  COLLECTD,
];

/** The reason why tests of a client cannot run here; undefined if they can. */
export function clientMissing(client: DebianClient): string | undefined {
  const [command = '', ...args] = client.probe;
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return undefined;
  } catch {
    const remedy = client.remedy ?? `apt-get install ${client.packages.join(' ')}`;
    return `${client.title} is not installed (${remedy})`;
  }
}
