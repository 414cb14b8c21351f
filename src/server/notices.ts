/**
 * What a node's main thread and its serving threads tell each other while they run. Nothing on the
 * data path goes this way: only what changes a few times a day, and reaches every thread.
 */

import type { LoginNews, UserTable } from './auth/index.ts';
import type { Certificates } from './tls.ts';

/** From the main thread to every serving thread. */
export type ThreadNotice =
  /** From now on these may log in. */
  | { readonly kind: 'users'; readonly table: UserTable }
  /** From now on connections get this certificate; those that are open stay. */
  | { readonly kind: 'certificates'; readonly certificates: Certificates };

/** From a serving thread, at a client's word, to the main thread. */
export type NodeAppeal =
  /** The client may stop this node, and did (`shutdown`). */
  | { readonly kind: 'shutdown'; readonly graceful: boolean }
  /** A client asked for the certificates to be read again, and they are good. */
  | { readonly kind: 'certificates'; readonly certificates: Certificates }
  | LoginNews;
