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

/** The same tests against ours and against a real memcached, which proves the tests themselves. */
export function describeBothServers(
  title: string,
  tests: (address: ServerAddress, subject: Subject) => void,
  door: Door = PLAIN,
): void {
  for (const name of ['slabring', 'memcached'] as const) {
    describe.skipIf(cannotStart(name, door))(`${title}, ${name}`, () => {
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

/** Whether these tests are skipped; says why. */
function cannotStart(name: TestServer['name'], door: Door): boolean {
  if (name !== 'memcached') return false;
  if (memcachedMissing() !== undefined) return true;
  const why = door.memcachedMissing();
  if (why !== undefined) console.warn(`skipped: ${why}`);
  return why !== undefined;
}
