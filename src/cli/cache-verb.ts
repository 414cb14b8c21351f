import { CodedError, type FlagTable, type ValuesOf } from '../base/index.ts';
import { type CacheClient, CacheError, type ClientOptions, createClient } from '../client/index.ts';
import {
  type CacheOptions,
  cacheFlags,
  clientOptionsFactory,
  failoverRule,
  withOneNodeSource,
} from './options/cache-options.ts';
import { EXIT } from './process/exit-codes.ts';
import type { Host } from './process/host.ts';
import { defineVerb, type Example, type Verb } from './verb.ts';

interface CacheVerbSpec<Table extends FlagTable> {
  readonly name: string;
  readonly summary: string;
  /** What the verb does, and the meaning of exit codes 0 and 1. */
  readonly description: string;
  readonly parameters?: readonly string[];
  readonly flags: Table;
  readonly examples: readonly Example[];
  readonly run: (
    cache: CacheClient,
    options: ValuesOf<Table> & CacheOptions,
    host: Host,
    args: readonly string[],
    /** Opens another client with the options of `cache`; the verb closes it. */
    openAnother: () => Promise<CacheClient>,
  ) => Promise<number>;
}

/** Defines a verb that receives an open client, which knows its nodes; it is closed at the end. */
export function defineCacheVerb<Table extends FlagTable>(spec: CacheVerbSpec<Table>): Verb {
  const flags = { ...spec.flags, ...cacheFlags };
  const verb = defineVerb<FlagTable>({
    ...spec,
    description: `${spec.description} 2: the command line is wrong; 3: a cache operation failed.`,
    flags,
    shared: { title: 'Options of all verbs that use a cache', flags: cacheFlags },
    rules: [(values) => failoverRule(values as CacheOptions)],
    async run(values, host, args) {
      const options = values as ValuesOf<Table> & CacheOptions;
      try {
        const clientOptions = await clientOptionsFactory(options, host);
        const open = () => openClient(clientOptions());
        const cache = await open();
        try {
          return await spec.run(cache, options, host, args, open);
        } finally {
          await cache.close();
        }
      } catch (error) {
        return reportFailure(error, host);
      }
    },
  });
  return { ...verb, run: async (sources, host) => verb.run(withOneNodeSource(sources), host) };
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

function reportFailure(error: unknown, host: Host): number {
  if (!(error instanceof CacheError)) throw error;
  if (error.code === 'ERR_KEY' || error.code === 'ERR_ARGUMENT') {
    throw new CodedError('ERR_USAGE', error.message, { cause: error });
  }
  const { code, message, cause } = error;
  const reason = code === 'ERR_NODE_DOWN' && cause instanceof Error ? `: ${cause.message}` : '';
  host.err(`slabring: ${message}${reason}`);
  return EXIT.cacheFailed;
}
