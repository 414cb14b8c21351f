import { execFileSync } from 'node:child_process';
import { findCommand } from '../../support/commands.ts';
import { whyNoMemcached } from '../../support/memcached.ts';
import { saslMissing } from '../../support/sasl.ts';
import { clientMissing, DEBIAN_CLIENTS } from './clients.ts';

/** A dependency of the tests: the reason if it is missing, and the packages that contain it. */
interface Dependency {
  readonly missing: () => string | undefined;
  readonly packages: readonly string[];
}

const DEPENDENCIES: readonly Dependency[] = [
  { missing: whyNoMemcached, packages: ['memcached'] },
  { missing: saslMissing, packages: ['sasl2-bin', 'libsasl2-modules'] },
  ...DEBIAN_CLIENTS.map((client) => ({
    missing: () => clientMissing(client),
    packages: client.packages,
  })),
];

/**
 * Runs before all tests: it installs missing packages if it has the rights. It prints a warning for
 * each dependency that is still missing; the tests that need it are skipped.
 */
export default function installDebianClients(): void {
  const missing = DEPENDENCIES.filter((dependency) => dependency.missing() !== undefined);
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && findCommand('apt-get') !== undefined;
  if (mayInstall) install(missing);
  for (const dependency of missing) {
    const reason = dependency.missing();
    if (reason !== undefined) console.warn(`tests will be skipped: ${reason}`);
  }
}

/** Installs one dependency at a time: a failure does not affect the others. */
function install(dependencies: readonly Dependency[]): void {
  aptGet('update');
  for (const { packages } of dependencies) {
    console.log(`installing ${packages.join(' ')}`);
    aptGet('install', '-y', '--no-install-recommends', ...packages);
  }
}

/** Prints only errors. */
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
