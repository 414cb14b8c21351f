import { CodedError, type FlagTable, type ValuesOf } from '../base/index.ts';
import { type CacheClient, CacheError, type ClientOptions, createClient } from '../client/index.ts';
import {
  type CacheOptions,
  cacheFlags,
  clientOptionsOf,
  gutterRule,
  withOneList,
} from './cache-options.ts';
import { EXIT } from './exit-codes.ts';
import type { Host } from './host.ts';
import { defineVerb, type Example, type Verb } from './verb.ts';

interface CacheVerbSpec<Table extends FlagTable> {
  readonly name: string;
  readonly summary: string;
  /** What it does, and what exit codes 0 and 1 say. */
  readonly about: string;
  readonly words?: readonly string[];
  readonly flags: Table;
  readonly examples: readonly Example[];
  readonly run: (
    cache: CacheClient,
    options: ValuesOf<Table> & CacheOptions,
    host: Host,
    words: readonly string[],
    /** Makes another client like `cache`, for the verb to close. */
    another: () => Promise<CacheClient>,
  ) => Promise<number>;
}

/** A verb that is handed a client of the cache, which knows its nodes and is closed after it. */
export function defineCacheVerb<Table extends FlagTable>(spec: CacheVerbSpec<Table>): Verb {
  const flags = { ...spec.flags, ...cacheFlags };
  const verb = defineVerb<FlagTable>({
    ...spec,
    about: `${spec.about} 2: the command line is wrong; 3: the cache cannot be asked.`,
    flags,
    rules: [(values) => gutterRule(values as CacheOptions)],
    async run(values, host, words) {
      const options = values as ValuesOf<Table> & CacheOptions;
      try {
        const clientOptions = await clientOptionsOf(options, host);
        const open = () => openClient(clientOptions());
        const cache = await open();
        try {
          return await spec.run(cache, options, host, words, open);
        } finally {
          await cache.close();
        }
      } catch (error) {
        return explain(error, host);
      }
    },
  });
  return { ...verb, run: async (sources, host) => verb.run(withOneList(sources), host) };
}

/** @throws {CacheError} what the discovery says of its first look, if that finds no nodes. */
async function openClient(options: ClientOptions): Promise<CacheClient> {
  const cache = createClient(options);
  if (!('start' in options.nodes)) return cache;
  try {
    await new Promise<void>((known, failed) => {
      cache.once('nodes', () => known());
      cache.once('discovery-trouble', failed);
    });
    return cache;
  } catch (error) {
    await cache.close();
    throw error;
  }
}

function explain(error: unknown, host: Host): number {
  if (!(error instanceof CacheError)) throw error;
  if (error.code === 'ERR_KEY' || error.code === 'ERR_ARGUMENT') {
    throw new CodedError('ERR_USAGE', error.message, { cause: error });
  }
  host.err(`slabring: ${error.message}`);
  return EXIT.cacheFailed;
}
