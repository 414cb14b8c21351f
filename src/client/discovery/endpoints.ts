import type { NodeAddress, Topology } from '../../topology/index.ts';
import { sameNodes } from '../../topology/index.ts';
import { CacheError } from '../base/errors.ts';
import type { ClientRuntime } from '../connection/runtime.ts';
import type { Poll } from './polling.ts';
import { withTimeLimit } from './time-limit.ts';

/** One poll queries at most this many endpoints. */
export const CANDIDATES_MAX = 8;
/** The queries' share of a poll's time; the rest is for reporting which endpoint failed and why. */
const QUERY_TIME_SHARE = 0.9;

interface EndpointSource {
  /** The time of one poll. */
  readonly deadlineMs: number;
  /** The endpoints of the next poll, in the order in which it queries them; at least one. */
  readonly candidates: (known: Topology | undefined) => readonly NodeAddress[];
  /** Queries one endpoint; rejects with the reason if it sends no topology. */
  readonly query: (endpoint: NodeAddress, signal: AbortSignal) => Promise<Topology>;
}

/**
 * A poll of endpoints: it queries one after the other until one sends a topology that is not older
 * than the known one.
 */
export function pollEndpoints(
  { deadlineMs, candidates, query }: EndpointSource,
  runtime: ClientRuntime,
): Poll {
  return async (signal, known) => {
    const endpoints = candidates(known);
    const endsAtMs = runtime.now() + deadlineMs * QUERY_TIME_SHARE;
    const failures: Error[] = [];
    for (const [at, endpoint] of endpoints.entries()) {
      // Each endpoint has a share of the time, so a stalled one cannot use up the poll.
      const shareMs = (endsAtMs - runtime.now()) / (endpoints.length - at);
      try {
        const ask = (limited: AbortSignal) => query(endpoint, limited);
        const found = await withTimeLimit(runtime, Math.max(1, shareMs), signal, ask);
        return rejectOlder(found, known);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(withEndpoint(endpoint, error));
      }
    }
    throw allFailed(failures);
  };
}

/** The endpoints and the known nodes, each once. */
export function distinctEndpoints(
  endpoints: readonly NodeAddress[],
  known: Topology | undefined,
): readonly NodeAddress[] {
  const distinct = new Map<string, NodeAddress>();
  for (const node of [...endpoints, ...(known?.nodes ?? [])]) {
    if (!distinct.has(node.name)) distinct.set(node.name, node);
  }
  return [...distinct.values()];
}

/** Rejects an older topology: a node that missed a change, or left the cluster, still has one. */
function rejectOlder(found: Topology, known: Topology | undefined): Topology {
  if (known === undefined || found.version >= known.version) return found;
  if (sameNodes(known.nodes, found.nodes)) return found;
  throw new Error(`its topology is older: version ${found.version}, not ${known.version}`);
}

function withEndpoint({ name }: NodeAddress, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  return new Error(`${name}: ${message}`, { cause: error });
}

function allFailed(failures: readonly Error[]): CacheError {
  const detail = `${failures.map(({ message }) => message).join('; ')}.`;
  return new CacheError('ERR_DISCOVERY', { detail, cause: new AggregateError(failures) });
}
