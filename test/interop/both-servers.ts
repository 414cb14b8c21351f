import { afterAll, beforeAll, describe } from 'vitest';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { PLAIN, type PreparedServer, type ServerSetup } from './server-setups.ts';

/** The server under test; its functions return values after the server has started. */
export interface ServerUnderTest {
  readonly name: TestServer['name'];
  readonly address: ServerAddress;
  /** The CA certificate that clients must trust; undefined without TLS. */
  readonly certificateFile: () => string | undefined;
}

/** Returns `host:port` after the server has started. */
export type ServerAddress = () => string;

/**
 * Runs the same tests against slabring and against a real memcached, which validates the tests
 * themselves. If `clientMissing` gives a reason, the tests are skipped.
 */
export function describeBothServers(
  title: string,
  tests: (address: ServerAddress, subject: ServerUnderTest) => void,
  setup: ServerSetup = PLAIN,
  clientMissing?: string,
): void {
  for (const name of ['slabring', 'memcached'] as const) {
    const reason =
      clientMissing ?? (name === 'memcached' ? memcachedUnavailable(setup) : undefined);
    if (reason !== undefined) console.warn(`skipped: ${title}, ${name}: ${reason}`);
    describe.skipIf(reason !== undefined)(`${title}, ${name}`, () => {
      let prepared: PreparedServer | undefined;
      let server: TestServer | undefined;
      beforeAll(async () => {
        prepared = await setup.prepare();
        server = await (name === 'slabring'
          ? startSlabring(prepared.slabring)
          : startMemcached(prepared.memcached));
      });
      afterAll(async () => {
        await server?.stop();
        await prepared?.close();
      });
      const address = () => `${server?.host}:${server?.port}`;
      tests(address, { name, address, certificateFile: () => prepared?.certificateFile });
    });
  }
}

function memcachedUnavailable(setup: ServerSetup): string | undefined {
  return whyNoMemcached() ?? setup.memcachedMissing();
}
