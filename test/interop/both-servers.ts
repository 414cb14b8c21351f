import { afterAll, beforeAll, describe } from 'vitest';
import { memcachedMissing, startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';

/** `host:port`, once the server has started. */
export type ServerAddress = () => string;

/** The same tests against ours and against a real memcached, which proves the tests themselves. */
export function describeBothServers(title: string, tests: (address: ServerAddress) => void): void {
  const starts = { slabring: startSlabring, memcached: startMemcached };
  for (const [name, start] of Object.entries(starts)) {
    describe.skipIf(name === 'memcached' && memcachedMissing() !== undefined)(
      `${title}, ${name}`,
      () => {
        let server: TestServer | undefined;
        beforeAll(async () => {
          server = await start();
        });
        afterAll(() => server?.stop());
        tests(() => `${server?.host}:${server?.port}`);
      },
    );
  }
}
