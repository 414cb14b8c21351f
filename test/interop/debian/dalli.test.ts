import { expect, test } from 'vitest';
import { dialogue } from '../../support/wire.ts';
import type { Subject } from '../both-servers.ts';
import { overTls, PLAIN, SASL, USER } from '../doors.ts';
import type { Agent } from './agent.ts';
import { describeClient } from './client-tests.ts';
import { DALLI, DALLI_META } from './clients.ts';

/** What is no text: by binary or by meta. */
function binaryTests(agent: () => Agent): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test('get and touch at once', async () => {
    await call('set', 'seen', 'x', 100);
    expect(await call('get_and_touch', 'seen', 200)).toBe('x');
    expect(await call('get_and_touch', 'absent', 200)).toBe(null);
  });

  test('a counter that is created with its first value', async () => {
    expect(await call('incr_from', 'visits', 1, 100, 3600)).toBe(100);
    expect(await call('incr_from', 'visits', 1, 100, 3600)).toBe(101);
  });

  test('many values with their CAS ids; a delete that expects one', async () => {
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

  test('every kind of stats, and their reset', async () => {
    await call('get', 'seen');
    expect(await call('stats', 'settings')).toMatchObject({ maxbytes: '67108864' });
    expect(await call('stats', 'slabs')).toHaveProperty('active_slabs');
    expect(await call('stats', 'items')).not.toEqual({});
    await call('reset_stats');
    expect(await call('stats')).toMatchObject({ cmd_get: '0', get_hits: '0' });
  });
}

describeClient(DALLI, [
  { name: 'binary', more: binaryTests },
  { name: 'SASL', door: SASL, settings: USER, more: binaryTests },
  // Over TLS, dalli 3.0 cannot wait for more than one reply: it looks for its server at OpenSSL's socket.
  { name: 'SASL over TLS', door: overTls(SASL), settings: USER, manyKeys: 0 },
]);

function metaTests(agent: () => Agent, { address }: Subject): void {
  binaryTests(agent);

  test('what it speaks is meta', async () => {
    const key = 'a key of words';
    expect(await agent().call('set', key, 'x')).toBe(true);
    expect(await agent().call('get', key)).toBe('x');
    // A server remembers of such a key that meta commands brought it: one set by binary comes back as it is.
    const [host = '', port] = address().split(':');
    const encoded = Buffer.from(key).toString('base64');
    const reply = await dialogue({ host, port: Number(port) }, `mg ${encoded} b k\r\n`);
    expect(reply.toString()).toBe(`HD k${encoded} b\r\n`);
  });
}

describeClient(DALLI_META, [
  { name: 'meta', settings: { meta: true }, more: metaTests },
  { name: 'meta over TLS', door: overTls(PLAIN), settings: { meta: true }, more: binaryTests },
]);
