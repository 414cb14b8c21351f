import { type CacheClient, CacheError } from '../../client/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import type { Reason } from './connection-reasons.ts';
import { explain } from './explain.ts';

/** What one node did: it replied with `value`, or it failed. */
export type NodeResult<T> =
  | { readonly node: string; readonly value: T; readonly failure?: undefined }
  | { readonly node: string; readonly value?: undefined; readonly failure: NodeFailure };

export interface NodeFailure extends Reason {
  /** The node refused the request; otherwise it does not serve this client at all. */
  readonly isRefusal: boolean;
}

/**
 * Sends a request to each node, by a client of its own for each, so that a failure of one node
 * hides no result of another.
 * @param openNode opens a client of one node, which is closed at the end.
 * @param usesTls whether these clients connect by TLS.
 */
export function onEachNode<T>(
  nodes: readonly string[],
  openNode: (node: string) => CacheClient,
  request: (cache: CacheClient) => Promise<T>,
  usesTls: boolean,
): Promise<readonly NodeResult<T>[]> {
  return Promise.all(
    nodes.map(async (node): Promise<NodeResult<T>> => {
      const cache = openNode(node);
      try {
        return { node, value: await request(cache) };
      } catch (error) {
        return { node, failure: await failureOf(error, usesTls) };
      } finally {
        await cache.close();
      }
    }),
  );
}

/**
 * Explains why a node failed.
 * @throws `error` itself if it is no failure of a node.
 */
export async function failureOf(error: unknown, usesTls: boolean): Promise<NodeFailure> {
  if (!(error instanceof CacheError) || error.code === 'ERR_ARGUMENT') throw error;
  return { ...(await explain(error, usesTls)), isRefusal: error.code === 'ERR_REFUSED' };
}

/** What the nodes told that replied. */
export const repliesOf = <T>(results: readonly NodeResult<T>[]) =>
  results.flatMap((result) =>
    result.failure === undefined ? [{ node: result.node, value: result.value }] : [],
  );

/** `DOWN: connection refused`. */
export function failureText({ isRefusal, reason }: NodeFailure): string {
  return `${isRefusal ? 'FAILED' : 'DOWN'}: ${reason}`;
}

/** A line for each node that failed: its name, and why. */
export const failureLines = (results: readonly NodeResult<unknown>[], host: Host) =>
  results.flatMap(({ node, failure }) =>
    failure === undefined ? [] : [`${node}  ${host.style('red', failureText(failure))}`],
  );

/** The failures by node as `errors`, which no result has if no node failed. */
export function errorsJson(results: readonly NodeResult<unknown>[]): object {
  const errors = failuresJson(results);
  return Object.keys(errors).length > 0 ? { errors } : {};
}

/** The failures by node, for programs. */
export function failuresJson(results: readonly NodeResult<unknown>[]): object {
  const failed = results.flatMap(({ node, failure }) =>
    failure === undefined ? [] : [[node, failure.reason] as const],
  );
  return Object.fromEntries(failed);
}

/** The exit code of a verb with these results. It prints each advice about the failures once. */
export function exitCodeOf(results: readonly NodeResult<unknown>[], host: Host): number {
  const failures = results.flatMap(({ failure }) => failure ?? []);
  const texts = new Set(failures.flatMap(({ advice }) => advice ?? []));
  for (const advice of texts) host.err(`slabring: ${advice}`);
  return failures.length === 0 ? EXIT.ok : EXIT.cacheFailed;
}
