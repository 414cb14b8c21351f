import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import { freePort } from '../../../support/ports.ts';
import type { TestServer } from '../../../support/server.ts';
import { startApplication, visitor } from './session-application.ts';

const CLUSTERS = SERVERS.filter(({ skip }) => !skip).flatMap((nodes) => [
  { ...nodes, nodeCount: 1, replicas: 1 },
  { ...nodes, nodeCount: 3, replicas: 2 },
]);

describe.each(CLUSTERS)(
  'concurrent requests of a session on $nodeCount $name with $replicas replicas',
  ({ start, nodeCount, replicas }) => {
    let servers: TestServer[];
    let cache: CacheClient;
    const applications: Awaited<ReturnType<typeof startApplication>>[] = [];
    beforeAll(async () => {
      servers = await Promise.all(Array.from({ length: nodeCount }, () => start()));
      const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
      cache = createClient({ nodes, replicas, deadlineMs: 20_000 });
      for (let i = 0; i < 2; i++) applications.push(await startApplication(cache));
    });
    afterAll(async () => {
      for (const { stop } of applications) stop();
      await cache?.close();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test.each([
      ['changes the session', '?cart=apple'],
      ['only touches the session', ''],
      ['saves the session twice', '?user=jo&save=early&cart=apple'],
    ])('a logout during a request that %s stays a logout', async (_, query) => {
      const [one, two] = applications as [(typeof applications)[0], (typeof applications)[0]];
      const visit = visitor();
      const { id } = await visit(one.origin, '/visit');
      const { entered, mayEnd } = one.slowRequest('logout');
      const slow = visit(one.origin, `/slow/logout${query}`);
      await entered.opened;
      await visit(two.origin, '/logout');
      mayEnd.open();
      expect(await slow).toMatchObject({ status: 200 });
      expect(await cache.get(`sess:${id}`)).toBe(undefined);
      expect(await visit(one.origin, '/peek')).toMatchObject({ visits: null });
    });

    test('requests that change different properties lose none', async () => {
      const [one, two] = applications as [(typeof applications)[0], (typeof applications)[0]];
      const visit = visitor();
      await visit(one.origin, '/visit');
      const { entered, mayEnd } = one.slowRequest('merge');
      const slow = visit(one.origin, '/slow/merge?user=jo&cart=apple&save=early');
      await entered.opened;
      expect(await visit(two.origin, '/visit')).toMatchObject({ visits: 2 });
      mayEnd.open();
      await slow;
      const whole = { user: 'jo', cart: ['apple'], visits: 2 };
      expect(await visit(two.origin, '/whole')).toMatchObject(whole);
    });

    test.each(['overwrite', 'fail'] as const)(
      'when requests change the same property, onConflict %s decides',
      async (onConflict) => {
        const overwritten: unknown[] = [];
        const onOverwrite = (...call: unknown[]): never => {
          overwritten.push(call);
          throw new Error('a handler that throws fails no request');
        };
        const one = await startApplication(cache, { onConflict, onOverwrite });
        const visit = visitor();
        const { id } = await visit(one.origin, '/visit');
        const { entered, mayEnd } = one.slowRequest('conflict');
        const slow = visit(one.origin, '/slow/conflict?visits=10&cart=apple');
        await entered.opened;
        await visit(one.origin, '/visit');
        mayEnd.open();
        await slow;
        const isKept = onConflict === 'overwrite';
        expect(overwritten).toEqual(isKept ? [[id, ['visits']]] : []);
        const whole = isKept ? { visits: 10, cart: ['apple'] } : { visits: 2 };
        expect(await visit(one.origin, '/whole')).toMatchObject(whole);
        one.stop();
      },
    );

    test('a node that is down costs the session, or the page as onCacheError says', async () => {
      const down = createClient({ nodes: [`127.0.0.1:${await freePort()}`], deadlineMs: 20_000 });
      const visit = visitor();
      const { origin } = applications[0]!;
      await visit(origin, '/visit');
      const ignoring = await startApplication(down);
      expect(await visit(ignoring.origin, '/peek')).toEqual({ visits: null, status: 200 });
      expect(await visit(origin, '/peek')).toMatchObject({ visits: 1 });
      expect(await visit(ignoring.origin, '/logout')).toEqual({ status: 500 });
      const failing = await startApplication(down, { onCacheError: 'fail' });
      expect(await visit(failing.origin, '/peek')).toEqual({ status: 500 });
      await down.close();
      for (const { stop } of [ignoring, failing]) stop();
    });

    test.runIf(replicas > 1)('with two replicas the loss of a node loses no session', async () => {
      const [{ origin }] = applications as [(typeof applications)[0]];
      const visitors = Array.from({ length: 20 }, visitor);
      for (const visit of visitors) await visit(origin, '/visit');
      servers[0]!.process.child.kill('SIGKILL');
      const readAll = () => Promise.all(visitors.map((visit) => visit(origin, '/peek')));
      expect(new Set((await readAll()).map(({ visits }) => visits))).toEqual(new Set([1]));
      const logouts = await Promise.all(visitors.map((visit) => visit(origin, '/logout')));
      expect(new Set(logouts.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set((await readAll()).map(({ visits }) => visits))).toEqual(new Set([null]));
    });
  },
);
