import type { Role } from '../../commands/index.ts';

/** The users of a node: plain data that every thread gets a copy of. */
export interface UserTable {
  readonly users: readonly User[];
  /** The roles by user name; a user without one has the default role. */
  readonly roles: ReadonlyMap<string, Role>;
}

/**
 * A user with one password; a user with several passwords has several entries. Names and passwords
 * are bytes, stored as Latin-1 text.
 */
export interface User {
  readonly name: string;
  readonly secret: Secret;
}

export type Secret = { readonly kind: 'plain'; readonly password: string } | ScryptSecret;

/** A scrypt hash (RFC 7914) of a password, with its salt and cost. */
export interface ScryptSecret {
  readonly kind: 'scrypt';
  /** Cost: the base-2 logarithm of N. */
  readonly log2N: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export const USER_FILE_BYTES_MAX = 1 << 20;
export const USERS_MAX = 1000;
/** Passwords of one user, such as the old and the new one while clients change their login. */
export const PASSWORDS_PER_USER_MAX = 4;
/** The hashes that one login may compute: see UserAuthenticator. */
export const HASHES_PER_LOGIN_MAX = 4;
export const NAME_BYTES_MAX = 250;
export const PASSWORD_BYTES_MAX = 1024;
