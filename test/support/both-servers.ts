import { startMemcached, whyNoMemcached } from './memcached.ts';
import { type SlabringOptions, startSlabring } from './node-process.ts';
import type { TestServer } from './server.ts';

/** Slabring and memcached, for `describe.each`; without a memcached, its tests are skipped. */
export const SERVERS: readonly {
  readonly name: string;
  readonly start: (options?: Pick<SlabringOptions, 'args' | 'env'>) => Promise<TestServer>;
  readonly skip: boolean;
}[] = [
  { name: 'slabring', start: startSlabring, skip: false },
  { name: 'memcached', start: startMemcached, skip: whyNoMemcached() !== undefined },
];
