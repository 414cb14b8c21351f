import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { ServerUnderTest } from '../both-servers.ts';
import { SASL, SASL_USER } from '../server-setups.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { PHP, PHP_MEMCACHED } from './clients.ts';

const run = promisify(execFile);

function delayedTests(agent: () => Agent): void {
  test('fetch returns the values of getDelayed', async () => {
    const values = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`delayed:${i}`, i]));
    await agent().call('set_many', values);
    expect(await agent().call('get_delayed', [...Object.keys(values), 'absent'])).toEqual(values);
  });

  test('stats work with every argument', async () => {
    expect(await agent().call('stats', 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(await agent().call('stats', 'slabs')).toHaveProperty('active_slabs');
    expect(await agent().call('stats', 'items')).not.toEqual({});
  });
}

function counterTests(agent: () => Agent): void {
  test('incr creates a counter with its initial value', async () => {
    expect(await agent().call('incr_from', 'visits', 1, 100, 3600)).toBe(100);
    expect(await agent().call('incr_from', 'visits', 1, 100, 3600)).toBe(101);
  });
}

/** A page that counts its visits in the session; PHP locks the session while the page runs. */
const PAGE = `
  session_id('visitor');
  session_start();
  $_SESSION['visits'] = ($_SESSION['visits'] ?? 0) + 1;
  session_write_close();
  echo $_SESSION['visits'];
`;

async function visit({ address }: ServerUnderTest, settings: readonly string[]): Promise<string> {
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

function sessionTests(server: ServerUnderTest, settings: readonly string[]): void {
  test('PHP stores sessions, and locks a session during a visit', async () => {
    expect(await visit(server, settings)).toBe('1');
    // The lock makes these visits run one after the other.
    const visits = await Promise.all([1, 2, 3].map(() => visit(server, settings)));
    expect(visits.sort()).toEqual(['2', '3', '4']);
  });
}

describeClient(PHP_MEMCACHED, [
  {
    name: 'text',
    extraTests: (agent, server) => {
      delayedTests(agent);
      sessionTests(server, ['memcached.sess_binary_protocol=0']);
    },
  },
  {
    name: 'binary',
    settings: { binary: true },
    extraTests: (agent, server) => {
      delayedTests(agent);
      counterTests(agent);
      sessionTests(server, []);
    },
  },
  {
    name: 'SASL',
    setup: SASL,
    settings: { binary: true, ...SASL_USER },
    extraTests: (_, server) => {
      const { username, password } = SASL_USER;
      const login = [`sess_sasl_username=${username}`, `sess_sasl_password="${password}"`];
      sessionTests(
        server,
        login.map((setting) => `memcached.${setting}`),
      );
    },
  },
]);
