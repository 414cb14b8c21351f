import { randomBytes, scrypt, scryptSync } from 'node:crypto';
import type { ScryptSecret } from './users.ts';

/**
 * The cost of hashes by `slabring user add`: about 50 ms and 32 MiB for each check (OWASP's minimum
 * for scrypt is N = 2^15 … 2^17).
 */
const LOG2_N = 15;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** The cost of one hash that a user file may demand of a node: at most 128 MiB. */
const LOG2_N_MAX = 17;
const BLOCK_SIZE_MAX = 8;
const PARALLELIZATION_MAX = 4;
const MEMORY_MARGIN_BYTES = 1 << 20;

const LINE = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([^$]{11,86})\$([^$]{22,86})$/;
const BASE64 = /^[A-Za-z0-9+/]+$/;

export const SCRYPT_PREFIX = '$scrypt$';

/**
 * Parses `$scrypt$ln=15,r=8,p=1$<salt>$<hash>` (PHC string format). Returns undefined if the text
 * has another form or its cost is out of bounds.
 */
export function parseScrypt(text: string): ScryptSecret | undefined {
  const [, ln, r, p, salt = '', hash = ''] = LINE.exec(text) ?? [];
  const [log2N, blockSize, parallelization] = [Number(ln), Number(r), Number(p)];
  const isBase64 = [salt, hash].every((bytes) => BASE64.test(bytes) && bytes.length % 4 !== 1);
  const isValid =
    isBase64 &&
    log2N >= 1 &&
    log2N <= LOG2_N_MAX &&
    blockSize >= 1 &&
    blockSize <= BLOCK_SIZE_MAX &&
    parallelization >= 1 &&
    parallelization <= PARALLELIZATION_MAX;
  if (!isValid) return undefined;
  return {
    kind: 'scrypt',
    log2N,
    blockSize,
    parallelization,
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  };
}

export function formatScrypt(secret: ScryptSecret): string {
  const { log2N, blockSize, parallelization } = secret;
  const [salt, hash] = [secret.salt, secret.hash].map((bytes) =>
    Buffer.from(bytes).toString('base64').replace(/=+$/, ''),
  );
  return `${SCRYPT_PREFIX}ln=${log2N},r=${blockSize},p=${parallelization}$${salt}$${hash}`;
}

const UNHASHED = {
  kind: 'scrypt',
  log2N: LOG2_N,
  blockSize: BLOCK_SIZE,
  parallelization: PARALLELIZATION,
} as const;

/** Hashes a password with a new random salt. */
export async function makeScrypt(password: Buffer): Promise<ScryptSecret> {
  const unhashed = { ...UNHASHED, salt: randomBytes(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES) };
  return { ...unhashed, hash: await hashWith(unhashed, password) };
}

/** A hash as a line of a user file has it; it stops this thread for about 50 ms. */
export function scryptText(password: Buffer): string {
  const secret = { ...UNHASHED, salt: randomBytes(SALT_BYTES), hash: Buffer.alloc(HASH_BYTES) };
  const hash = scryptSync(password, secret.salt, HASH_BYTES, costOf(secret));
  return formatScrypt({ ...secret, hash });
}

function costOf({ log2N, blockSize, parallelization }: ScryptSecret) {
  const cost = 2 ** log2N;
  const maxmem = 128 * cost * blockSize + 128 * blockSize * parallelization + MEMORY_MARGIN_BYTES;
  return { N: cost, r: blockSize, p: parallelization, maxmem };
}

/** Hashes `password` with the secret's salt and cost, outside this thread. */
export function hashWith(secret: ScryptSecret, password: Buffer): Promise<Buffer> {
  const { salt, hash } = secret;
  return new Promise((resolve, reject) => {
    scrypt(password, salt, hash.length, costOf(secret), (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
