import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { MemcachedOptions } from '../support/memcached.ts';
import type { SlabringOptions } from '../support/node-process.ts';
import { type Credentials, createSaslUser, saslMissing } from '../support/sasl.ts';

/** The start options of both servers for one setup. */
export interface PreparedServer {
  readonly slabring: SlabringOptions;
  readonly memcached: MemcachedOptions;
  /** The CA certificate that clients must trust. */
  readonly certificateFile?: string;
  close(): Promise<void>;
}

/** One way to configure a server: login and TLS. */
export interface ServerSetup {
  readonly isEncrypted: boolean;
  /** The reason why a real memcached cannot be tested with it here; undefined if it can. */
  readonly memcachedMissing: () => string | undefined;
  prepare(): Promise<PreparedServer>;
}

const nothing = () => undefined;

/** Without a login and without TLS. */
export const PLAIN: ServerSetup = {
  isEncrypted: false,
  memcachedMissing: nothing,
  prepare: () => Promise.resolve({ slabring: {}, memcached: {}, close: () => Promise.resolve() }),
};

/** The user of every server with SASL. The password contains blanks; no client may split it. */
export const SASL_USER: Credentials = { username: 'ringmaster', password: 'open sesame 42' };

/** The binary protocol after a login by SASL PLAIN. */
export const SASL: ServerSetup = {
  isEncrypted: false,
  memcachedMissing: saslMissing,
  async prepare() {
    const database = await createSaslUser(SASL_USER);
    return {
      slabring: { args: ['-S'], env: database.slabringEnv },
      memcached: { args: ['-S'], env: database.memcachedEnv },
      close: database.remove,
    };
  },
};

/** The user of the ASCII login: memcached 1.6.18 reads a password only to its first blank. */
export const ASCII_USER: Credentials = { username: 'ringmaster', password: 'open-sesame-42' };

/** The text protocol after memcached's ASCII login: a first `set` carries user and password. */
export const ASCII_LOGIN: ServerSetup = {
  isEncrypted: false,
  memcachedMissing: nothing,
  async prepare() {
    const { path, remove } = await temporaryFolder();
    const users = join(path, 'users');
    await writeFile(users, `${ASCII_USER.username}:${ASCII_USER.password}\n`);
    const start = { args: ['-Y', users] };
    return { slabring: start, memcached: start, close: remove };
  },
};

/** The setup `inner` over TLS. */
export function overTls(inner: ServerSetup): ServerSetup {
  return {
    isEncrypted: true,
    memcachedMissing: inner.memcachedMissing,
    async prepare() {
      const [prepared, folder] = await Promise.all([inner.prepare(), temporaryFolder()]);
      const authority = await Authority.create(folder.path);
      const { cert, key } = await authority.issue('node');
      const tls = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`];
      const { slabring, memcached } = prepared;
      return {
        slabring: { ...slabring, args: [...(slabring.args ?? []), ...tls] },
        memcached: { ...memcached, args: [...(memcached.args ?? []), ...tls] },
        certificateFile: authority.ca,
        close: async () => {
          await Promise.all([prepared.close(), folder.remove()]);
        },
      };
    },
  };
}
