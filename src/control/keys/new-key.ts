import { randomBytes } from 'node:crypto';

/** An access key; nobody sees its secret again. */
export interface NewKey {
  readonly id: string;
  readonly secret: string;
}

/** As AWS's are: 20 characters and 40. */
export function newKey(): NewKey {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = `AKSR${[...randomBytes(16)].map((byte) => letters[byte % 32]).join('')}`;
  return { id, secret: randomBytes(30).toString('base64') };
}
