/**
 * Code that must compile and code that must not: `tsc` is the test. Nothing here runs.
 */
import {
  type CacheError,
  createClient,
  type FetchResult,
  type OperationMetrics,
} from '../../src/client.ts';

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
  void [unknownValue, fetched, many, outcome, count, metrics];
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
  // @ts-expect-error an unknown failure code
  if (error.code === 'ERR_TIMEOUT') return;
  void [text, user];
}
