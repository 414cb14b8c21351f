/** Who may log in: a plain value that every thread gets a copy of. */
export interface UserTable {
  readonly users: readonly User[];
}

/**
 * A user with one password; one that has several is there several times. Names and passwords are
 * bytes, kept as Latin-1 text.
 */
export interface User {
  readonly name: string;
  readonly secret: Secret;
}

export type Secret = { readonly kind: 'plain'; readonly password: string } | ScryptSecret;

/** A password's scrypt hash (RFC 7914) with what it takes to make it again. */
export interface ScryptSecret {
  readonly kind: 'scrypt';
  /** Cost: the base-2 logarithm of N. */
  readonly log2N: number;
  readonly blockSize: number;
  readonly parallelization: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export const USERS_MAX = 1000;
/** Passwords of one user, such as the old and the new one while clients change over. */
export const PASSWORDS_PER_USER_MAX = 4;
/** Hashes that one login may cost: see UserGate. */
export const HASHES_PER_LOGIN_MAX = 4;
/** Bytes of a user's name and of a password. */
export const NAME_BYTES_MAX = 250;
export const PASSWORD_BYTES_MAX = 1024;
