import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Subject } from '../both-servers.ts';
import { SASL, USER } from '../doors.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { PHP, PHP_MEMCACHED } from './clients.ts';

const run = promisify(execFile);

function delayedTests(agent: () => Agent): void {
  test('getDelayed and fetch', async () => {
    const values = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`delayed:${i}`, i]));
    await agent().call('set_many', values);
    expect(await agent().call('get_delayed', [...Object.keys(values), 'absent'])).toEqual(values);
  });

  test('every kind of stats', async () => {
    expect(await agent().call('stats', 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(await agent().call('stats', 'slabs')).toHaveProperty('active_slabs');
    expect(await agent().call('stats', 'items')).not.toEqual({});
  });
}

function counterTests(agent: () => Agent): void {
  test('a counter that is created with its first value', async () => {
    expect(await agent().call('incr_from', 'visits', 1, 100, 3600)).toBe(100);
    expect(await agent().call('incr_from', 'visits', 1, 100, 3600)).toBe(101);
  });
}

/** A page that counts its visits in the session, which it locks meanwhile. */
const PAGE = `
  session_id('visitor');
  session_start();
  $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
  session_write_close();
  echo $_SESSION['visits'];
`;

async function visit({ address }: Subject, settings: readonly string[]): Promise<string> {
  const all = [
    'session.save_handler=memcached',
    `session.save_path=${address()}`,
    'session.use_cookies=0',
    'session.cache_limiter=',
    ...settings,
  ];
  const { stdout } = await run(PHP, [...all.flatMap((setting) => ['-d', setting]), '-r', PAGE]);
  return stdout;
}

function sessionTests(subject: Subject, settings: readonly string[]): void {
  test('sessions are kept, and locked', async () => {
    expect(await visit(subject, settings)).toBe('1');
    // The lock makes them wait for each other.
    const visits = await Promise.all([1, 2, 3].map(() => visit(subject, settings)));
    expect(visits.sort()).toEqual(['2', '3', '4']);
  });
}

describeClient(PHP_MEMCACHED, [
  {
    name: 'text',
    more: (agent, subject) => {
      delayedTests(agent);
      sessionTests(subject, ['memcached.sess_binary_protocol=0']);
    },
  },
  {
    name: 'binary',
    settings: { binary: true },
    more: (agent, subject) => {
      delayedTests(agent);
      counterTests(agent);
      sessionTests(subject, []);
    },
  },
  {
    name: 'SASL',
    door: SASL,
    settings: { binary: true, ...USER },
    more: (_, subject) => {
      const { user, password } = USER;
      const login = [`sess_sasl_username=${user}`, `sess_sasl_password="${password}"`];
      sessionTests(
        subject,
        login.map((setting) => `memcached.${setting}`),
      );
    },
  },
]);
