import { execFileSync } from 'node:child_process';
import { findCommand } from '../../support/commands.ts';
import { memcachedMissing } from '../../support/memcached.ts';
import { saslMissing } from '../../support/sasl.ts';
import { clientMissing, DEBIAN_CLIENTS } from './clients.ts';

/** Something that tests need: why it is missing, and the packages that bring it. */
interface Need {
  readonly missing: () => string | undefined;
  readonly packages: readonly string[];
}

const NEEDS: readonly Need[] = [
  { missing: memcachedMissing, packages: ['memcached'] },
  { missing: saslMissing, packages: ['sasl2-bin', 'libsasl2-modules'] },
  ...DEBIAN_CLIENTS.map((client) => ({
    missing: () => clientMissing(client),
    packages: client.packages,
  })),
];

/**
 * Before all tests: installs what is missing, where it may. What it cannot install is named here, and its tests
 * are skipped.
 */
export default function installDebianClients(): void {
  const missing = NEEDS.filter((need) => need.missing() !== undefined);
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && findCommand('apt-get') !== undefined;
  if (mayInstall) install(missing);
  for (const need of missing) {
    const why = need.missing();
    if (why !== undefined) console.warn(`tests will be skipped: ${why}`);
  }
}

/** One need after the other, so that one that is not to be had does not take the rest along. */
function install(needs: readonly Need[]): void {
  aptGet('update');
  for (const { packages } of needs) {
    console.log(`installing ${packages.join(' ')}`);
    aptGet('install', '-y', '--no-install-recommends', ...packages);
  }
}

/** Says nothing unless it fails. */
function aptGet(...args: readonly string[]): void {
  try {
    execFileSync('apt-get', ['-qq', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    console.warn(error instanceof Error ? error.message : error);
  }
}
