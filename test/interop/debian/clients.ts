import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** One of Debian's clients: which packages it takes, and how it is run. */
export interface DebianClient {
  readonly title: string;
  readonly packages: readonly string[];
  /** Ends with code 0 where the client is installed. */
  readonly probe: readonly string[];
  /** The agent through which tests drive it. */
  readonly agent: readonly string[];
}

/** Debian's own, for which its packages are: the one on the PATH may be another. */
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
};

/** From pymemcache 4.0 on, which Debian 12 does not have yet: `PYTHONPATH` may name a newer one. */
export const PYMEMCACHE_AWS: DebianClient = {
  title: "pymemcache's client of ElastiCache (pymemcache 4.0 or later)",
  packages: ['python3-pymemcache'],
  probe: [PYTHON, '-c', 'import pymemcache.client.ext.aws_ec_client'],
  agent: [PYTHON, '-B', agentFile('pymemcache_aws_agent.py')],
};

export const PYLIBMC: DebianClient = {
  title: "Python's pylibmc",
  packages: ['python3-pylibmc', 'libsasl2-modules'],
  probe: [PYTHON, '-c', 'import pylibmc'],
  agent: [PYTHON, '-B', agentFile('pylibmc_agent.py')],
};

export const PHP_MEMCACHED: DebianClient = {
  title: "PHP's memcached",
  packages: ['php-cli', 'php-memcached', 'libsasl2-modules'],
  probe: [PHP, '-r', 'exit(class_exists("Memcached") ? 0 : 1);'],
  agent: [PHP, agentFile('memcached_agent.php')],
};

export const DALLI: DebianClient = {
  title: "Ruby's dalli",
  packages: ['ruby', 'ruby-dalli'],
  probe: [RUBY, '-e', 'require "dalli"'],
  agent: [RUBY, agentFile('dalli_agent.rb')],
};

export const LIBMEMCACHED_TOOLS: DebianClient = {
  title: 'libmemcached-tools',
  packages: ['libmemcached-tools', 'libsasl2-modules'],
  probe: ['memcping', '--version'],
  agent: [],
};

export const DEBIAN_CLIENTS = [PYMEMCACHE, PYLIBMC, PHP_MEMCACHED, DALLI, LIBMEMCACHED_TOOLS];

/** Why tests of a client cannot run here, or `undefined` when they can. */
export function clientMissing(client: DebianClient): string | undefined {
  const [command = '', ...args] = client.probe;
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${client.title} is not installed (apt-get install ${client.packages.join(' ')})`;
  }
}
