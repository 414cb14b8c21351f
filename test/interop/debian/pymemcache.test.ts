import { expect, test } from 'vitest';
import { ASCII_LOGIN, ASCII_USER, overTls, PLAIN } from '../server-setups.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { PYMEMCACHE } from './clients.ts';

function statsTests(agent: () => Agent): void {
  test('stats work with every argument', async () => {
    await agent().call('set', 'seen', 'x');
    expect(await agent().call('stats', 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(await agent().call('stats', 'slabs')).toHaveProperty('active_slabs');
    expect(await agent().call('stats', 'items')).not.toEqual({});
    expect(await agent().call('stats', 'conns')).not.toEqual({});
  });
}

describeClient(PYMEMCACHE, [
  { name: 'text', extraTests: statsTests },
  { name: 'text over TLS', setup: overTls(PLAIN) },
  { name: 'text with the ASCII login', setup: ASCII_LOGIN, settings: ASCII_USER },
  { name: 'text with the ASCII login over TLS', setup: overTls(ASCII_LOGIN), settings: ASCII_USER },
]);
