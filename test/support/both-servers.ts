import { startMemcached, whyNoMemcached } from '../../../support/memcached.ts';
import { startSlabring } from '../../../support/node-process.ts';
import type { TestServer } from '../../../support/server.ts';

/** Slabring and memcached, for `describe.each`. */
export const NODES: readonly {
  readonly name: string;
  readonly start: (options?: { readonly args?: readonly string[] }) => Promise<TestServer>;
  readonly skip: boolean;
}[] = [
  { name: 'slabring', start: startSlabring, skip: false },
  { name: 'memcached', start: startMemcached, skip: whyNoMemcached() !== undefined },
];
