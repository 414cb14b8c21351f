import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { ValuesOf } from '../../base/index.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { argumentError, CacheError } from '../base/errors.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { ClientOptions } from '../option-types/client.ts';
import { TTL_MAX, ttlOption } from './call-options.ts';
import { clientOptions } from './client-options.ts';
import { checkValue, valuesOf } from './resolve.ts';

type ClientValues = ValuesOf<(typeof clientOptions)['table']>;

/** The options in force, with the defaults filled in. */
export interface ResolvedOptions extends Omit<ClientValues, 'nodes' | 'connectTimeoutMs'> {
  readonly connectTimeoutMs: number;
}

/**
 * Checks the options. It refuses unknown ones, so that the client never ignores one silently.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const { nodes: _, connectTimeoutMs, ...values } = valuesOf(clientOptions, options);
  checkTls(values.tls);
  return { ...values, connectTimeoutMs: connectTimeoutMs ?? values.deadlineMs };
}

/**
 * What a client knows of its nodes: a fixed list; a list that may change; or the nodes of a cluster
 * of slabring, each of which answers for every key.
 */
export type NodeSource = 'fixed' | 'changing' | 'cluster';

/** @throws {CacheError} ERR_ARGUMENT for an option that a client of a cluster does not need. */
export function nodeSourceOf({ nodes, ...options }: ClientOptions): NodeSource {
  if (!('start' in nodes)) return 'fixed';
  if (nodes.everyNodeAnswers !== true) return 'changing';
  const { replicas = 1, failover = 'fail', previousOwner, distribution = 'ketama' } = options;
  const needless = {
    replicas: replicas !== 1,
    failover: failover !== 'fail',
    previousOwner: previousOwner !== undefined,
    distribution: distribution !== 'ketama',
  };
  const name = Object.entries(needless).find(([, isSet]) => isSet)?.[0];
  if (name === undefined) return 'cluster';
  throw argumentError(`Leave out ${name}: the nodes of a cluster place and copy keys themselves.`);
}

/**
 * Whether a client with a list of nodes follows the cluster of slabring whose members they are: not
 * if the caller says how keys are placed or copied.
 */
export function mayFollowCluster(options: ClientOptions): boolean {
  const { nodes, replicas, failover, previousOwner, distribution } = options;
  const placing = [replicas, failover, previousOwner, distribution];
  return !('start' in nodes) && placing.every((option) => option === undefined);
}

/**
 * The default deadline, in milliseconds, of an operation whose node may be making its first
 * connection. A `deadlineMs` that the caller chose always holds.
 */
export function firstDeadlineOf(
  given: ClientOptions,
  { deadlineMs, connectTimeoutMs }: ResolvedOptions,
): number {
  const isExtended = given.deadlineMs === undefined && connectTimeoutMs > deadlineMs;
  return isExtended ? connectTimeoutMs + deadlineMs : deadlineMs;
}

/** Reads the certificates and the key now: a connection attempt would report them too late. */
function checkTls(tls: ClientValues['tls']): void {
  if (tls === undefined) return;
  try {
    createSecureContext(tls as SecureContextOptions);
  } catch (cause) {
    const detail = 'tls: the certificate or its key cannot be read, see `cause`.';
    throw new CacheError('ERR_ARGUMENT', { detail, cause });
  }
}

/** The deadline of one call in milliseconds: its own, or else the client's. */
export function deadlineOf(call: CallOptions | undefined, options: ResolvedOptions): number {
  return call?.deadlineMs ?? options.deadlineMs;
}

const RELATIVE_EXPTIME_MAX = 60 * 60 * 24 * 30;

/** The exptime for a `ttl`. Memcached takes a number above 30 days as a Unix time. */
export function exptimeOf(ttl: number, clock: ClientClock): number {
  checkValue('ttl', ttlOption, ttl);
  const seconds = Math.ceil(ttl);
  if (seconds <= RELATIVE_EXPTIME_MAX) return seconds;
  return Math.min(TTL_MAX, Math.floor(clock.unixMs() / 1000) + seconds);
}
