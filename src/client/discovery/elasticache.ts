import { CacheError } from '../errors.ts';
import { badOption } from '../options.ts';
import { type NodeAddress, type NodeSpec, readNodes } from '../topology.ts';
import { type ConnectBy, readClusterList } from './cluster-list.ts';
import { askEndpoint, type EndpointAccess } from './config-endpoint.ts';
import type { Discovery, Topology } from './discovery.ts';
import { type PaceOptions, refuseUnknown, resolvePace } from './pace.ts';
import { type Look, PollingDiscovery } from './polling.ts';
import { withinLimit } from './time-limit.ts';
import { sameNodes } from './topology-diff.ts';

const INTERVAL_MS = 60_000;
/** Endpoints that one look asks. */
const ASKED_MAX = 8;
/** Of a look's time, what asking may take: the rest is for saying which endpoint failed, and why. */
const ASKING_SHARE = 0.9;

export interface ElastiCacheOptions extends PaceOptions, EndpointAccess {
  /** ElastiCache's configuration endpoint, or any nodes that know their cluster. */
  readonly endpoints: readonly NodeSpec[];
  /**
   * Whether connections to the nodes go to their names, which are looked up each time, or to the
   * addresses of the list, for those who cannot resolve the names.
   * @default 'host'
   */
  readonly connectBy?: ConnectBy;
}

/**
 * ElastiCache's auto discovery, as AWS and `slabring --cluster-nodes` publish it: asks for the cluster's
 * list and its version at intervals. Each look begins with another endpoint, and goes on to the next
 * when one does not answer, or answers with an older list; the nodes of the last list are asked too, so
 * the endpoints may leave the cluster. A cluster made anew whose versions begin again is trouble until
 * they have caught up, or the client is made anew.
 * @throws {CacheError} ERR_ARGUMENT when an option is out of its range.
 */
export function elastiCache(options: ElastiCacheOptions): Discovery {
  checkOptions(options);
  const pace = resolvePace(options, INTERVAL_MS);
  return new PollingDiscovery(lookAtEndpoints(options, pace.deadlineMs), pace);
}

function checkOptions(options: ElastiCacheOptions): void {
  refuseUnknown(options, ['endpoints', 'connectBy', 'tls', 'login']);
  const { connectBy = 'host', login } = options;
  if (connectBy !== 'host' && connectBy !== 'ip') throw badOption('connectBy is "host" or "ip".');
  if (login !== undefined && !/^\S+$/.test(login.user)) {
    throw badOption('login.user is empty or has a blank.');
  }
}

function lookAtEndpoints(options: ElastiCacheOptions, deadlineMs: number): Look {
  const endpoints = readNodes(options.endpoints);
  const { connectBy = 'host' } = options;
  let looks = 0;
  return async (signal, known) => {
    const candidates = candidatesOf(endpoints, known, looks++);
    const endsAtMs = performance.now() + deadlineMs * ASKING_SHARE;
    const failures: Error[] = [];
    for (const [at, endpoint] of candidates.entries()) {
      // One that stalls leaves the others their share of the time.
      const shareMs = (endsAtMs - performance.now()) / (candidates.length - at);
      try {
        const ask = (limited: AbortSignal) => askEndpoint(endpoint, options, limited);
        const data = await withinLimit(Math.max(1, shareMs), signal, ask);
        return notOlder(readClusterList(data, connectBy), known);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(about(endpoint, error));
      }
    }
    throw noList(failures);
  };
}

/** Whom the n-th look asks, in turn: the endpoints and the nodes known, each once, from the n-th on. */
export function candidatesOf(
  endpoints: readonly NodeAddress[],
  known: Topology | undefined,
  nth: number,
): readonly NodeAddress[] {
  const distinct = new Map<string, NodeAddress>();
  for (const node of [...endpoints, ...(known?.nodes ?? [])]) {
    if (!distinct.has(node.name)) distinct.set(node.name, node);
  }
  const all = [...distinct.values()];
  const first = nth % all.length;
  return [...all.slice(first), ...all.slice(0, first)].slice(0, ASKED_MAX);
}

/** A node that missed a change, or has left, still knows an older list: that is no answer. */
function notOlder(found: Topology, known: Topology | undefined): Topology {
  if (known === undefined || found.version >= known.version) return found;
  if (sameNodes(known.nodes, found.nodes)) return found;
  throw new Error(`its list is older, version ${found.version} and not ${known.version}`);
}

function about({ name }: NodeAddress, error: unknown): Error {
  const text = error instanceof Error ? error.message : String(error);
  return new Error(`${name}: ${text}`, { cause: error });
}

function noList(failures: readonly Error[]): CacheError {
  const detail = `${failures.map(({ message }) => message).join('; ')}.`;
  return new CacheError('ERR_DISCOVERY', { detail, cause: new AggregateError(failures) });
}
