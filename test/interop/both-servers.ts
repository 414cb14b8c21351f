import { afterAll, beforeAll, describe } from 'vitest';
import { memcachedMissing, startMemcached } from '../support/memcached.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { type Door, type OpenDoor, PLAIN } from './doors.ts';

/** The server under test; the functions answer once it has started. */
export interface Subject {
  readonly name: TestServer['name'];
  readonly address: ServerAddress;
  /** The certificate to trust; undefined where there is no TLS. */
  readonly certificateFile: () => string | undefined;
}

/** `host:port`, once the server has started. */
export type ServerAddress = () => string;

/**
 * The same tests against ours and against a real memcached, which proves the tests themselves. They are skipped
 * where their client is missing; `clientMissing` says why.
 */
export function describeBothServers(
  title: string,
  tests: (address: ServerAddress, subject: Subject) => void,
  door: Door = PLAIN,
  clientMissing?: string,
): void {
  for (const name of ['slabring', 'memcached'] as const) {
    const why = clientMissing ?? (name === 'memcached' ? oracleMissing(door) : undefined);
    if (why !== undefined) console.warn(`skipped: ${title}, ${name}: ${why}`);
    describe.skipIf(why !== undefined)(`${title}, ${name}`, () => {
      let open: OpenDoor | undefined;
      let server: TestServer | undefined;
      beforeAll(async () => {
        open = await door.open();
        server = await (name === 'slabring'
          ? startSlabring(open.slabring)
          : startMemcached(open.memcached));
      });
      afterAll(async () => {
        await server?.stop();
        await open?.close();
      });
      const address = () => `${server?.host}:${server?.port}`;
      tests(address, { name, address, certificateFile: () => open?.certificateFile });
    });
  }
}

function oracleMissing(door: Door): string | undefined {
  return memcachedMissing() ?? door.memcachedMissing();
}
