/**
 * The messages between a node's main thread and its worker threads. The data path sends none: they
 * carry changes that happen a few times a day.
 */

import type { Certificates, LoginFailureReport, UserTable } from '../server/index.ts';

/** From the main thread to every worker thread. */
export type MainToWorker =
  /** Replaces the users. */
  | { readonly kind: 'users'; readonly table: UserTable }
  /** New connections get this certificate; open connections keep theirs. */
  | { readonly kind: 'certificates'; readonly certificates: Certificates };

/** From a worker thread to the main thread. */
export type WorkerToMain =
  /** A client sent an allowed `shutdown`. */
  | { readonly kind: 'shutdown'; readonly graceful: boolean }
  /** A client sent `refresh_certs`, and the worker thread read valid certificates. */
  | { readonly kind: 'certificates'; readonly certificates: Certificates }
  | LoginFailureReport;
