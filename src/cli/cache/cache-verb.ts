import { CodedError, type FlagTable, type ValuesOf } from '../../base/index.ts';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  listItems,
  type NodeReply,
  type SingleRequest,
} from '../../client/index.ts';
import { type ClusterTopology, readNodes } from '../../topology/index.ts';
import type { LineSource } from '../log/follow.ts';
import {
  type CacheOptions,
  type ConnectOptions,
  cacheFlags,
  clientOptionsFactory,
  failoverRule,
  withOneNodeSource,
} from '../options/cache-options.ts';
import { tlsRule, usesTls } from '../options/tls-options.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { defineVerb, type Example, type Verb } from '../verb.ts';
import { askNode, askTopology } from './ask-node.ts';
import { type NodeResult, onEachNode } from './each-node.ts';
import { eventSource } from './event-source.ts';
import { explain } from './explain.ts';
import { LOCAL_NODE } from './local-cluster.ts';
import { NodePolls } from './node-polls.ts';
import { ownClustersText } from './own-clusters.ts';

interface CacheVerbSpec<Table extends FlagTable> {
  readonly name: string;
  readonly summary: string;
  /** What the verb does, and the meaning of exit codes 0 and 1. */
  readonly description: string;
  readonly parameters?: readonly string[];
  readonly flags: Table;
  /** @throws {CodedError} `ERR_USAGE` for wrong arguments, before the verb connects. */
  readonly check?: (args: readonly string[], options: ValuesOf<Table>) => void;
  readonly examples: readonly Example[];
  readonly run: (
    cache: CacheClient,
    options: ValuesOf<Table> & CacheOptions,
    host: Host,
    args: readonly string[],
    more: MoreClients,
  ) => Promise<number>;
}

/** Clients with the options of the verb's own client. */
interface MoreClients {
  /** Opens another client of the same nodes; the verb closes it. */
  readonly open: () => Promise<CacheClient>;
  readonly each: OnEachNode;
  /** Sends the same request to each node again and again; the verb closes it. */
  readonly polls: <T>(request: (cache: CacheClient) => Promise<T>) => NodePolls<T>;
  /** Sends a request that clients have no call for to the one node of `cache`. */
  readonly ask: (cache: CacheClient, request: SingleRequest) => Promise<NodeReply>;
  /** The topology of the cluster of slabring that the one node of `cache` is in, if it is. */
  readonly topology: (cache: CacheClient) => Promise<ClusterTopology | undefined>;
  /** Lists the items of the one node of `cache`, piece by piece. */
  readonly list: (cache: CacheClient) => ReturnType<typeof listItems>;
  /** The events of each node. */
  readonly watch: (streams: readonly string[]) => readonly LineSource[];
}

/** Sends a request to each node on its own, or to some nodes; see `onEachNode`. */
type OnEachNode = <T>(
  request: (cache: CacheClient) => Promise<T>,
  nodes?: readonly string[],
) => Promise<readonly NodeResult<T>[]>;

/** Defines a verb that receives an open client, which knows its nodes; it is closed at the end. */
export function defineCacheVerb<Table extends FlagTable>(spec: CacheVerbSpec<Table>): Verb {
  const flags = { ...spec.flags, ...cacheFlags };
  const verb = defineVerb<FlagTable>({
    ...spec,
    description: `${spec.description} 2: the command line is wrong; 3: a cache operation failed.`,
    flags,
    shared: { title: 'Options of all verbs that use a cache', flags: cacheFlags },
    rules: [failoverRule, tlsRule].map((rule) => (values) => rule(values as CacheOptions)),
    async run(values, host, args) {
      const options = values as ValuesOf<Table> & CacheOptions;
      spec.check?.(args, options);
      let hasPrinted = false;
      const out: Host['out'] = (text) => {
        hasPrinted = true;
        host.out(text);
      };
      try {
        const clientOptions = await clientOptionsFactory(options, host);
        const cache = await openClient(clientOptions());
        const more = moreClients(cache, clientOptions, options);
        try {
          return await spec.run(cache, options, { ...host, out }, args, more);
        } finally {
          await cache.close();
        }
      } catch (error) {
        const { node, code, reason, text } = await failureOf(error, options, host);
        // A program that reads JSON gets one document: a verb of several keys names each failure.
        if (options.json && !hasPrinted) host.out(JSON.stringify({ error: reason, code, node }));
        host.err(`slabring: ${text}`);
        return EXIT.cacheFailed;
      }
    },
  });
  return { ...verb, run: async (sources, host) => verb.run(withOneNodeSource(sources), host) };
}

function moreClients(
  cache: CacheClient,
  clientOptions: () => ClientOptions & ConnectOptions,
  options: CacheOptions,
): MoreClients {
  const ofOne = { failover: 'fail', replicas: 1 } as const;
  const nodes = () => [...cache.metrics().keys()];
  const openOne = (node: string) => createClient({ ...clientOptions(), ...ofOne, nodes: [node] });
  const mapped = <T>(result: NodeResult<T>) => withOrigin(result, options);
  return {
    open: () => openClient(clientOptions()),
    each: async (request, some = nodes()) => {
      const results = await onEachNode(some, openOne, request, usesTls(options));
      return results.map(mapped);
    },
    polls: (request) =>
      new NodePolls({ nodes, open: openOne, request, mapped, usesTls: usesTls(options) }),
    ask: async (one, request) => {
      const [node = ''] = one.metrics().keys();
      return askNode(node, request, clientOptions());
    },
    topology: async (one) => {
      const [node = ''] = one.metrics().keys();
      return askTopology(node, clientOptions());
    },
    list: (one) => {
      const [node = ''] = one.metrics().keys();
      return listItems(readNodes([node])[0]!, clientOptions());
    },
    watch: (streams) =>
      nodes().map((node) => eventSource(node, streams, clientOptions, usesTls(options))),
  };
}

/** @throws {CacheError} the error of the first poll, if the discovery finds no nodes. */
async function openClient(options: ClientOptions): Promise<CacheClient> {
  const cache = createClient(options);
  if (!('start' in options.nodes)) return cache;
  try {
    await new Promise<void>((resolve, reject) => {
      cache.once('nodes', () => resolve());
      cache.once('discovery-error', reject);
    });
    return cache;
  } catch (error) {
    await cache.close();
    throw error;
  }
}

/**
 * What the cache did not do, why, and what the user can change.
 * @throws {CodedError} `ERR_USAGE` for a wrong argument; `error` itself if it is no failure.
 */
async function failureOf(error: unknown, options: CacheOptions, host: Host) {
  if (!(error instanceof CacheError)) throw error;
  if (error.code === 'ERR_KEY' || error.code === 'ERR_ARGUMENT') {
    const message = error.message.replace(/^An argument or option is invalid\. /, '');
    throw new CodedError('ERR_USAGE', message, { cause: error });
  }
  const { node, code } = error;
  const explained = await explain(error, usesTls(options));
  const reason = explained.reason.replace(/\.$/, '');
  const sentence = node === undefined ? `${reason}.` : `${node}: ${reason}.`;
  const usesDefault = node === LOCAL_NODE && namesNoNodes(options);
  const others = usesDefault && code === 'ERR_NODE_DOWN' ? await ownClustersText(host) : undefined;
  const parts = [sentence, explained.advice, originOf(node, options), others];
  const text = parts.filter(Boolean).join(' ');
  return { node, code, reason, text };
}

/** Adds to a failure where its node comes from. */
function withOrigin<T>(result: NodeResult<T>, options: CacheOptions): NodeResult<T> {
  const { node, failure } = result;
  const origin = originOf(node, options);
  if (failure === undefined || origin === undefined) return result;
  const advice = failure.advice === undefined ? origin : `${failure.advice} ${origin}`;
  return { node, failure: { ...failure, advice } };
}

/** Where a node comes from that the command line does not name. */
function originOf(node: string | undefined, options: CacheOptions): string | undefined {
  const isListed = node !== undefined && node !== LOCAL_NODE;
  return namesNoNodes(options) && isListed
    ? `${LOCAL_NODE} lists this node; --nodes names others.`
    : undefined;
}

const namesNoNodes = ({ nodes, discovery }: CacheOptions): boolean =>
  nodes.length === 0 && discovery === '';
