/**
 * Code that must compile and code that must not: `tsc` is the test. Nothing here runs.
 */
import type { OptionTable } from '../../src/base/index.ts';
import type { callOptions, countOptions } from '../../src/client/option-tables/call-options.ts';
import type { clientOptions } from '../../src/client/option-tables/client-options.ts';
import type {
  dnsOptions,
  elastiCacheOptions,
} from '../../src/client/option-tables/discovery-options.ts';
import type { loadOptions } from '../../src/client/option-tables/load-options.ts';
import type { OptionGroup } from '../../src/client/option-tables/option-group.ts';
import type {
  nearCacheOptions,
  rateLimiterOptions,
} from '../../src/client/option-tables/pattern-options.ts';
import type { writeBehindOptions } from '../../src/client/option-tables/write-behind-options.ts';
import {
  type Cache,
  type CacheError,
  type CallOptions,
  type ClientOptions,
  type CountOptions,
  createClient,
  type DnsOptions,
  type ElastiCacheOptions,
  type FetchResult,
  type LoadOptions,
  NearCache,
  type NearCacheOptions,
  type NodeStatus,
  type OperationMetrics,
  RateLimiter,
  type RateLimiterOptions,
  ReadThrough,
  TagSpace,
  WriteBehind,
  type WriteBehindOptions,
} from '../../src/client.ts';

/** Whether each type is assignable to the other. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
/** The types that the table of a group gives to its values. */
type ByTable<Group extends OptionGroup<OptionTable>> = {
  readonly [Name in keyof Group['table']]: Exclude<Group['table'][Name]['default'], undefined>;
};
/** The types that the generated interface gives to the same values. */
type ByInterface<Options> = {
  readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>;
};

/** The client resolves these options to other types. */
type Resolved = 'failover' | 'tls' | 'compression';
export const GENERATED_TYPES_AGREE_WITH_THE_TABLES: readonly true[] = [
  true satisfies Same<keyof ByTable<typeof clientOptions>, keyof ClientOptions>,
  true satisfies Same<
    Omit<ByTable<typeof clientOptions>, Resolved>,
    Omit<ByInterface<ClientOptions>, Resolved>
  >,
  true satisfies Same<ByTable<typeof callOptions>, ByInterface<CallOptions>>,
  true satisfies Same<ByTable<typeof countOptions>, ByInterface<CountOptions>>,
  true satisfies Same<ByTable<typeof loadOptions>, ByInterface<LoadOptions>>,
  true satisfies Same<ByTable<typeof nearCacheOptions>, ByInterface<NearCacheOptions>>,
  true satisfies Same<ByTable<typeof rateLimiterOptions>, ByInterface<RateLimiterOptions>>,
  true satisfies Same<ByTable<typeof writeBehindOptions>, ByInterface<WriteBehindOptions<never>>>,
  true satisfies Same<ByTable<typeof dnsOptions>, ByInterface<DnsOptions>>,
  true satisfies Same<ByTable<typeof elastiCacheOptions>, ByInterface<ElastiCacheOptions>>,
];

const cache = createClient({
  nodes: ['127.0.0.1', { host: '::1', weight: 2 }, { path: '/run/a' }],
});

interface User {
  readonly name: string;
}

export async function mustCompile(): Promise<void> {
  const unknownValue: unknown = await cache.get('a');
  const user: User | undefined = await cache.get<User>('a');
  const fetched: FetchResult<User> = await cache.fetch<User>('a', { leaseSeconds: 10 });
  const many: ReadonlyMap<string, User> = (await cache.getMany<User>(['a'])).values;
  const outcome: 'stored' | 'exists' | 'not-found' = await cache.cas('a', user, 5n);
  const count: bigint | undefined = await cache.increment('n', 5n, { initial: 0 });
  const metrics: OperationMetrics | undefined = cache.metrics().get('a')?.get('set');
  await cache.set('a', { any: ['thing'] }, { ttl: 5, signal: AbortSignal.timeout(5) });
  cache.on('node-down', (node: string, reason: CacheError) => [node, reason.code]);
  const everything: Cache = cache;
  const loaded: User = await cache.getOrSet('a', () => user ?? { name: 'b' });
  const awaited: User = await cache.getOrSet('a', async () => ({ name: 'b' }), { ttl: 5 });
  const maybe: User | undefined = await cache.getOrSet('a', async () => user);
  const explicit: User | undefined = await cache.getOrSet<User>('a', () => user);
  const tagged: User = await new TagSpace(cache).tagged(['t']).getOrSet('a', () => ({ name: 'b' }));
  const nearby: User = await new NearCache(everything).getOrSet('a', () => ({ name: 'b' }));
  const read: User = await new ReadThrough(cache).getOrSet('a', () => ({ name: 'b' }));
  await cache.set('bytes', new Float64Array(1).buffer);
  await cache.append('bytes', new DataView(new ArrayBuffer(1)));
  await cache.ready({ deadlineMs: 5 });
  const [status]: readonly NodeStatus[] = cache.nodes;
  const ratio: number | undefined = cache.metrics().totals.hitRatio;
  await using closing = createClient({ nodes: ['a'] });
  const near = new NearCache(everything, { maxAgeMs: 5, sizeOf: () => 1 });
  const behind = new WriteBehind<User>(cache, {
    store: async (batch: ReadonlyMap<string, User>) => void batch,
    onStoreError: (_error: unknown, batch: ReadonlyMap<string, User>) => void batch,
  });
  await behind.write('a', { name: 'b' }, { signal: AbortSignal.timeout(5) });
  await new TagSpace(cache).tagged(['t']).delete('a', { staleSeconds: 5 });
  void [loaded, awaited, maybe, explicit, tagged, nearby, read, status, ratio, closing];
  void [unknownValue, fetched, many, outcome, count, metrics, near];
}

export async function mustNotCompile(error: CacheError): Promise<void> {
  // @ts-expect-error `nodes` is required
  createClient({});
  // @ts-expect-error an unknown option
  createClient({ nodes: ['a'], timeout: 5 });
  // @ts-expect-error an unknown protocol
  createClient({ nodes: ['a'], protocol: 'ascii' });
  // @ts-expect-error a login without a password
  createClient({ nodes: ['a'], login: { username: 'a' } });
  // @ts-expect-error a value without a type argument is unknown
  const text: string = await cache.get('a');
  // @ts-expect-error the value may be undefined (a miss)
  const user: User = await cache.get<User>('a');
  // @ts-expect-error the loader may have no value
  const sure: User = await cache.getOrSet('a', async () => user as User | undefined);
  // @ts-expect-error a key is a string
  await cache.get(5);
  // @ts-expect-error a ttl is a number of seconds
  await cache.set('a', 'x', { ttl: '5s' });
  // @ts-expect-error get has no ttl
  await cache.get('a', { ttl: 5 });
  // @ts-expect-error append takes only text and bytes
  await cache.append('a', { b: 1 });
  // @ts-expect-error a CAS id is a bigint
  await cache.cas('a', 'x', 5);
  // @ts-expect-error only fetch takes a lease
  await cache.get('a', { leaseSeconds: 5 });
  // @ts-expect-error options are an object
  await cache.set('a', 'x', 60);
  // @ts-expect-error options are an object
  await cache.get('a', 500);
  // @ts-expect-error an unknown option of a nested object
  createClient({ nodes: ['a'], tls: { cas: '' } });
  // @ts-expect-error a window has a length
  new RateLimiter(cache, { limit: 5 });
  // @ts-expect-error an unknown option of a pattern
  new NearCache(cache, { ttlMs: 5 });
  // @ts-expect-error a near cache needs more than a get
  new NearCache({ get: cache.get });
  // @ts-expect-error an unknown failure code
  if (error.code === 'ERR_TIMEOUT') return;
  void [text, user, sure];
}
