import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { temporaryFolder } from './folder.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** What servers need to know one user, in a folder of its own. */
export interface SaslUser {
  /** Environment of a real memcached: where Cyrus SASL finds its configuration. */
  readonly memcachedEnv: NodeJS.ProcessEnv;
  /** Environment of ours: memcached's plaintext password file. */
  readonly slabringEnv: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Why a real memcached cannot be given users here, or `undefined`. */
export function saslMissing(): string | undefined {
  return findCommand('saslpasswd2') === undefined
    ? 'there is no saslpasswd2 to give memcached a user (apt-get install sasl2-bin libsasl2-modules)'
    : undefined;
}

/** Debian's memcached asks Cyrus SASL: a configuration, and a database that `saslpasswd2` writes. */
export async function saslUser({ user, password }: Credentials): Promise<SaslUser> {
  const { path, remove } = await temporaryFolder();
  const passwords = join(path, 'passwords');
  await writeFile(passwords, `${user}:${password}\n`);
  const database = join(path, 'sasldb2');
  await writeFile(
    join(path, 'memcached.conf'),
    `mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: ${database}\n`,
  );
  const saslpasswd = findCommand('saslpasswd2');
  if (saslpasswd !== undefined) {
    const args = ['-p', '-c', '-a', 'memcached', '-f', database, user];
    execFileSync(saslpasswd, args, { input: password });
  }
  return {
    memcachedEnv: { SASL_CONF_PATH: path },
    slabringEnv: { MEMCACHED_SASL_PWDB: passwords },
    remove,
  };
}
