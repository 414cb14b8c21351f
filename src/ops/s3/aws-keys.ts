import type { Keys } from '../../base/index.ts';

/** Keys, and until when they count. */
export interface Credentials extends Keys {
  /** Where they come from, for messages. */
  readonly source: string;
  /** Unix time, milliseconds; undefined if they do not expire. */
  readonly expiresMs: number | undefined;
}
