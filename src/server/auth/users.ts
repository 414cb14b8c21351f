/** Who may log in: a plain value that every thread gets a copy of. */
export interface UserTable {
  readonly users: readonly User[];
}

/** Names and passwords are bytes, kept as Latin-1 text. */
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
/** Bytes of a user's name and of a password. */
export const NAME_BYTES_MAX = 250;
export const PASSWORD_BYTES_MAX = 1024;
