import { readFileSync } from 'node:fs';
import {
  CodedError,
  choice,
  type FlagTable,
  flag,
  integer,
  list,
  text,
  type ValuesOf,
} from '../base/index.ts';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  type DistributionName,
  type NodeSpec,
} from '../client/index.ts';
import { EXIT } from './exit-codes.ts';
import type { Host } from './host.ts';
import { defineVerb, type Example, type Verb } from './verb.ts';

/** How the cache is found and spoken to: options of every verb that is a client. */
const cacheFlags = {
  nodes: {
    ...list({
      placeholder: '<host:port,…>',
      env: 'SLABRING_SERVERS',
      alsoEnv: 'MEMCACHED_SERVERS',
      doc: 'The nodes: host, host:port, [v6]:port or a path; @2 behind one gives it twice the keys.',
    }),
    default: ['127.0.0.1:11211'] as readonly string[],
  },
  distribution: choice({
    words: ['ketama', 'modulo', 'jump', 'rendezvous'] satisfies DistributionName[],
    default: 'ketama',
    doc: 'How keys are placed on nodes; all clients of a cache must agree.',
  }),
  user: text({
    placeholder: '<name>',
    doc: 'Log in under this name; the password is SLABRING_PASSWORD, or is asked for.',
  }),
  tls: flag({ doc: 'Speak TLS.' }),
  tlsCa: text({
    placeholder: '<file>',
    doc: 'Certificates to trust, in place of those that Node.js trusts.',
  }),
  deadlineMs: integer({
    long: 'deadline',
    default: 1000,
    min: 1,
    max: 3_600_000,
    doc: 'How long an operation may take, in milliseconds.',
  }),
  json: flag({ doc: 'Print the answer as JSON.' }),
};
type CacheOptions = ValuesOf<typeof cacheFlags>;

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
    another: () => CacheClient,
  ) => Promise<number>;
}

/** A verb that is handed a client of the cache, which is closed after it. */
export function defineCacheVerb<Table extends FlagTable>(spec: CacheVerbSpec<Table>): Verb {
  const flags = { ...spec.flags, ...cacheFlags };
  return defineVerb<FlagTable>({
    ...spec,
    about: `${spec.about} 2: the command line is wrong; 3: the cache cannot be asked.`,
    flags,
    async run(values, host, words) {
      const options = values as ValuesOf<Table> & CacheOptions;
      try {
        const clientOptions = await clientOptionsOf(options, host);
        const cache = createClient(clientOptions);
        try {
          return await spec.run(cache, options, host, words, () => createClient(clientOptions));
        } finally {
          await cache.close();
        }
      } catch (error) {
        return explain(error, host);
      }
    },
  });
}

async function clientOptionsOf(options: CacheOptions, host: Host): Promise<ClientOptions> {
  const { deadlineMs, user, tls, tlsCa } = options;
  const login = user === '' ? {} : { login: { username: user, password: await password(host) } };
  return {
    nodes: nodesOf(options.nodes),
    deadlineMs,
    distribution: options.distribution,
    ...login,
    tls: tlsCa === '' ? tls : { ca: readFileSync(tlsCa) },
  };
}

async function password(host: Host): Promise<string> {
  const given = host.env['SLABRING_PASSWORD'] ?? (await host.askSecret('Password: '));
  if (given !== undefined) return given;
  throw new CodedError('ERR_USAGE', '--user needs a password: set SLABRING_PASSWORD.');
}

/** A node's weight stands behind it: `10.0.0.1:11211@2`. */
export function nodesOf(texts: readonly string[]): readonly NodeSpec[] {
  return texts.map((spec) => {
    const [, place = spec, weight] = /^(.+)@(\d+(?:\.\d+)?)$/.exec(spec) ?? [];
    if (weight === undefined) return spec;
    if (place.startsWith('/')) return { path: place, weight: Number(weight) };
    const [, v6, host, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(place) ?? [];
    const at = port === undefined ? {} : { port: Number(port) };
    return { host: v6 ?? host ?? place, ...at, weight: Number(weight) };
  });
}

function explain(error: unknown, host: Host): number {
  if (!(error instanceof CacheError)) throw error;
  if (error.code === 'ERR_KEY' || error.code === 'ERR_ARGUMENT') {
    throw new CodedError('ERR_USAGE', error.message, { cause: error });
  }
  host.err(`slabring: ${error.message}`);
  return EXIT.cacheFailed;
}
