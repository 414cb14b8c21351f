/**
 * What must compile, and what must not: `tsc` is the test. Nothing here runs.
 */
import {
  type CacheError,
  createClient,
  type Fetched,
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
  const fetched: Fetched<User> = await cache.fetch<User>('a', { leaseSeconds: 10 });
  const many: ReadonlyMap<string, User> = (await cache.getMany<User>(['a'])).values;
  const outcome: 'stored' | 'exists' | 'not-found' = await cache.cas('a', user, 5n);
  const count: bigint | undefined = await cache.increment('n', 5n, { initial: 0 });
  const metrics: OperationMetrics | undefined = cache.metrics().get('a')?.get('set');
  await cache.set('a', { any: ['thing'] }, { ttl: 5, signal: AbortSignal.timeout(5) });
  cache.on('node-down', (node: string, reason: CacheError) => [node, reason.code]);
  void [unknownValue, fetched, many, outcome, count, metrics];
}

export async function mustNotCompile(error: CacheError): Promise<void> {
  // @ts-expect-error a client without nodes
  createClient({});
  // @ts-expect-error an option that does not exist
  createClient({ nodes: ['a'], timeout: 5 });
  // @ts-expect-error a protocol that does not exist
  createClient({ nodes: ['a'], protocol: 'ascii' });
  // @ts-expect-error half a login
  createClient({ nodes: ['a'], login: { username: 'a' } });
  // @ts-expect-error a value nobody vouched for
  const text: string = await cache.get('a');
  // @ts-expect-error a hit is not certain
  const user: User = await cache.get<User>('a');
  // @ts-expect-error a key is text
  await cache.get(5);
  // @ts-expect-error a time to live is a number of seconds
  await cache.set('a', 'x', { ttl: '5s' });
  // @ts-expect-error reading has no time to live
  await cache.get('a', { ttl: 5 });
  // @ts-expect-error only text and bytes can be joined
  await cache.append('a', { b: 1 });
  // @ts-expect-error a version is a bigint
  await cache.cas('a', 'x', 5);
  // @ts-expect-error a lease is asked for by fetch
  await cache.get('a', { leaseSeconds: 5 });
  // @ts-expect-error a code that does not exist
  if (error.code === 'ERR_TIMEOUT') return;
  void [text, user];
}
