import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import type { MemcachedOptions } from '../support/memcached.ts';
import type { SlabringOptions } from '../support/node-process.ts';
import { type Credentials, saslMissing, saslUser } from '../support/sasl.ts';

/** What both servers are started with, so that clients can enter in one way. */
export interface OpenDoor {
  readonly slabring: SlabringOptions;
  readonly memcached: MemcachedOptions;
  /** The certificate that a client must trust. */
  readonly certificateFile?: string;
  close(): Promise<void>;
}

/** One way into a server. */
export interface Door {
  readonly isEncrypted: boolean;
  /** Why it cannot be tried at a real memcached here: `undefined` when it can. */
  readonly memcachedMissing: () => string | undefined;
  open(): Promise<OpenDoor>;
}

const nothing = () => undefined;

/** Nobody is asked who he is. */
export const PLAIN: Door = {
  isEncrypted: false,
  memcachedMissing: nothing,
  open: () => Promise.resolve({ slabring: {}, memcached: {}, close: () => Promise.resolve() }),
};

/** The user of every server behind a SASL door. The password has blanks, which no client may split. */
export const USER: Credentials = { user: 'ringmaster', password: 'open sesame 42' };

/** Binary protocol after a login by SASL PLAIN. */
export const SASL: Door = {
  isEncrypted: false,
  memcachedMissing: saslMissing,
  async open() {
    const known = await saslUser(USER);
    return {
      slabring: { args: ['-S'], env: known.slabringEnv },
      memcached: { args: ['-S'], env: known.memcachedEnv },
      close: known.remove,
    };
  },
};

/** Of the ASCII login: memcached 1.6.18 takes a password for no more than its first word. */
export const ASCII_USER: Credentials = { user: 'ringmaster', password: 'open-sesame-42' };

/** Text protocol after memcached's ASCII login: a `set` of user and password comes first. */
export const ASCII_LOGIN: Door = {
  isEncrypted: false,
  memcachedMissing: nothing,
  async open() {
    const { path, remove } = await temporaryFolder();
    const users = join(path, 'users');
    await writeFile(users, `${ASCII_USER.user}:${ASCII_USER.password}\n`);
    const start = { args: ['-Y', users] };
    return { slabring: start, memcached: start, close: remove };
  },
};

/** `inner`, encrypted. */
export function overTls(inner: Door): Door {
  return {
    isEncrypted: true,
    memcachedMissing: inner.memcachedMissing,
    async open() {
      const [within, folder] = await Promise.all([inner.open(), temporaryFolder()]);
      const authority = await Authority.create(folder.path);
      const { cert, key } = await authority.issue('node');
      const tls = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`];
      const { slabring, memcached } = within;
      return {
        slabring: { ...slabring, args: [...(slabring.args ?? []), ...tls] },
        memcached: { ...memcached, args: [...(memcached.args ?? []), ...tls] },
        certificateFile: authority.ca,
        close: async () => {
          await Promise.all([within.close(), folder.remove()]);
        },
      };
    },
  };
}
