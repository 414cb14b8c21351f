import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { temporaryFolder } from './folder.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** The configuration of servers with one user, in a temporary folder. */
export interface SaslUser {
  /** The environment of a real memcached: the path of the configuration of Cyrus SASL. */
  readonly memcachedEnv: NodeJS.ProcessEnv;
  /** The environment of a slabring node: the path of memcached's plaintext password file. */
  readonly slabringEnv: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** The reason why a real memcached cannot have users here, or `undefined`. */
export function saslMissing(): string | undefined {
  return findCommand('saslpasswd2') === undefined
    ? 'saslpasswd2, which adds users for memcached, is not on the PATH' +
        ' (apt-get install sasl2-bin libsasl2-modules)'
    : undefined;
}

/**
 * Creates the files for one user. Debian's memcached uses Cyrus SASL, which needs a configuration
 * and a database by `saslpasswd2`.
 */
export async function createSaslUser({ username, password }: Credentials): Promise<SaslUser> {
  const { path, remove } = await temporaryFolder();
  const passwords = join(path, 'passwords');
  await writeFile(passwords, `${username}:${password}\n`);
  const database = join(path, 'sasldb2');
  await writeFile(
    join(path, 'memcached.conf'),
    `mech_list: plain\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: ${database}\n`,
  );
  const saslpasswd = findCommand('saslpasswd2');
  if (saslpasswd !== undefined) {
    const args = ['-p', '-c', '-a', 'memcached', '-f', database, username];
    execFileSync(saslpasswd, args, { input: password });
  }
  return {
    memcachedEnv: { SASL_CONF_PATH: path },
    slabringEnv: { MEMCACHED_SASL_PWDB: passwords },
    remove,
  };
}
