import { expect, test } from 'vitest';
import { sendAndReadToEnd } from '../../support/wire.ts';
import type { ServerUnderTest } from '../both-servers.ts';
import { overTls, PLAIN, SASL, SASL_USER } from '../server-setups.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { DALLI, DALLI_META } from './clients.ts';

/** Tests of operations that the classic text protocol does not have. */
function binaryTests(agent: () => Agent): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test('gat returns a value and sets its ttl', async () => {
    await call('set', 'seen', 'x', 100);
    expect(await call('get_and_touch', 'seen', 200)).toBe('x');
    expect(await call('get_and_touch', 'absent', 200)).toBe(null);
  });

  test('incr creates a counter with its initial value', async () => {
    expect(await call('incr_from', 'visits', 1, 100, 3600)).toBe(100);
    expect(await call('incr_from', 'visits', 1, 100, 3600)).toBe(101);
  });

  test('delete_cas deletes only with the CAS id of get_multi_cas', async () => {
    await call('set_many', { 'cas:1': 'one', 'cas:2': 'two' });
    const found = (await call('get_many_cas', ['cas:1', 'cas:2', 'cas:3'])) as Record<
      string,
      [value: string, cas: string]
    >;
    const [value, cas] = found['cas:1']!;
    expect([value, found['cas:2']![0], Object.keys(found).length]).toEqual(['one', 'two', 2]);
    expect(await call('delete_cas', 'cas:2', cas)).toBe(false);
    expect(await call('delete_cas', 'cas:1', cas)).toBe(true);
    expect(await call('get_many', ['cas:1', 'cas:2'])).toEqual({ 'cas:2': 'two' });
  });

  test('stats, their arguments and their reset work', async () => {
    await call('get', 'seen');
    expect(await call('stats', 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(await call('stats', 'slabs')).toHaveProperty('active_slabs');
    expect(await call('stats', 'items')).not.toEqual({});
    await call('reset_stats');
    expect(await call('stats')).toMatchObject({ cmd_get: '0', get_hits: '0' });
  });
}

describeClient(DALLI, [
  { name: 'binary', extraTests: binaryTests },
  { name: 'SASL', setup: SASL, settings: SASL_USER, extraTests: binaryTests },
  // Over TLS dalli 3.0 cannot wait for several replies: it looks up the server by the SSL socket.
  { name: 'SASL over TLS', setup: overTls(SASL), settings: SASL_USER, multiKeyCount: 0 },
]);

function metaTests(agent: () => Agent, { address }: ServerUnderTest): void {
  binaryTests(agent);

  test('the client uses meta commands', async () => {
    const key = 'a key of words';
    expect(await agent().call('set', key, 'x')).toBe(true);
    expect(await agent().call('get', key)).toBe('x');
    // A server encodes a key in its replies only if a meta command has stored the item; a key that
    // a binary command has stored comes back unencoded.
    const [host = '', port] = address().split(':');
    const encoded = Buffer.from(key).toString('base64');
    const reply = await sendAndReadToEnd({ host, port: Number(port) }, `mg ${encoded} b k\r\n`);
    expect(reply.toString()).toBe(`HD k${encoded} b\r\n`);
  });
}

describeClient(DALLI_META, [
  { name: 'meta', settings: { meta: true }, extraTests: metaTests },
  {
    name: 'meta over TLS',
    setup: overTls(PLAIN),
    settings: { meta: true },
    extraTests: binaryTests,
  },
]);
