import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../support/random.ts';
import { describeBothServers, type ServerUnderTest } from '../both-servers.ts';
import { PLAIN, type ServerSetup } from '../server-setups.ts';
import { Agent, type AgentSettings, bytes } from './agent.ts';
import { clientMissing, type DebianClient } from './clients.ts';

/** One configuration of a client. */
export interface ClientMode {
  /** Such as `binary`. */
  readonly name: string;
  readonly setup?: ServerSetup;
  readonly settings?: Omit<AgentSettings, 'servers'>;
  /** The number of keys that it sets and gets in one call. @default 300 */
  readonly multiKeyCount?: number;
  /** Tests of operations that only this client has. */
  readonly extraTests?: (agent: () => Agent, server: ServerUnderTest) => void;
}

/** Runs the common tests of one client in each of its modes, against both servers. */
export function describeClient(client: DebianClient, modes: readonly ClientMode[]): void {
  const missing = clientMissing(client);
  for (const mode of modes) {
    const { name, setup = PLAIN, settings = {}, multiKeyCount = 300, extraTests } = mode;
    describeBothServers(
      `${client.title}, ${name}`,
      (address, server) => {
        let agent: Agent;
        beforeAll(() => {
          agent = new Agent(client, {
            servers: [address()],
            ...settings,
            ...certificateSettings(server),
          });
        });
        afterAll(() => agent?.stop());
        commonTests(() => agent);
        // Over TLS memcached 1.6.18 ignores bytes that OpenSSL has read ahead: it never replies to
        // the last requests of a burst that is longer than its read buffer (16 KiB).
        const burstsHang = server.name === 'memcached' && setup.isEncrypted;
        multiKeyTests(() => agent, burstsHang ? Math.min(multiKeyCount, 100) : multiKeyCount);
        extraTests?.(() => agent, server);
        if (settings.username !== undefined) loginTests(client, () => agent, server, settings);
      },
      setup,
      missing,
    );
  }
}

/** Text that compresses badly: three quarters of its bytes remain. */
function incompressibleText(length: number): string {
  return new Random(7)
    .bytes(Math.ceil((length * 3) / 4))
    .toString('base64')
    .slice(0, length);
}

function commonTests(agent: () => Agent): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test('get returns values of every kind unchanged', async () => {
    const texts = [
      'text',
      '',
      'caf\u00e9 \u{1f980}',
      'two\r\nlines',
      'END\r\n',
      incompressibleText(500_000),
    ];
    for (const value of [...texts, 42, -1.5, { deep: [1, 'two'] }]) {
      expect(await call('set', 'kind', value)).toBe(true);
      expect(await call('get', 'kind')).toEqual(value);
    }
    const content = bytes(Buffer.from([0, 1, 13, 10, 0x80, 0x81, 255]));
    expect(await call('set', 'bytes', content)).toBe(true);
    expect(await call('get', 'bytes')).toEqual(content);
  });

  test('add, replace, append, prepend and delete report their outcome', async () => {
    expect(await call('get', 'word')).toBe(null);
    expect(await call('replace', 'word', 'x')).toBe(false);
    expect(await call('append', 'word', 'x')).toBe(false);
    expect(await call('prepend', 'word', 'x')).toBe(false);
    expect(await call('add', 'word', 'mid')).toBe(true);
    expect(await call('add', 'word', 'other')).toBe(false);
    expect(await call('append', 'word', '-end')).toBe(true);
    expect(await call('prepend', 'word', 'start-')).toBe(true);
    expect(await call('get', 'word')).toBe('start-mid-end');
    expect(await call('replace', 'word', 'new')).toBe(true);
    expect(await call('get', 'word')).toBe('new');
    expect(await call('delete', 'word')).toBe(true);
    expect(await call('delete', 'word')).toBe(false);
    expect(await call('get', 'word')).toBe(null);
  });

  test('cas stores only with the CAS id of gets', async () => {
    expect(await call('gets', 'swap')).toBe(null);
    await call('set', 'swap', 'one');
    const [value, cas] = (await call('gets', 'swap')) as [string, string];
    expect(value).toBe('one');
    expect(await call('cas', 'swap', 'two', cas)).toBe('stored');
    expect(await call('cas', 'swap', 'three', cas)).toBe('exists');
    // Most clients report `missing`; newer versions of dalli report `exists`.
    expect(await call('cas', 'absent', 'x', cas)).not.toBe('stored');
    expect(await call('get', 'absent')).toBe(null);
    expect(await call('get', 'swap')).toBe('two');
  });

  test('incr and decr count, and stop at 0', async () => {
    expect(await call('incr', 'count', 1)).toBe(null);
    expect(await call('decr', 'count', 1)).toBe(null);
    await call('set', 'count', '10');
    expect(await call('incr', 'count', 5)).toBe(15);
    expect(await call('decr', 'count', 6)).toBe(9);
    expect(await call('decr', 'count', 100)).toBe(0);
    await call('set', 'count', String(2 ** 40));
    expect(await call('incr', 'count', 1)).toBe(2 ** 40 + 1);
    await call('set', 'count', 'word');
    await expect(call('incr', 'count', 1)).rejects.toThrow();
    expect(await call('get', 'count')).toBe('word');
  });

  test('the server sends no replies to quiet commands', async () => {
    for (const value of ['once', 'twice']) {
      expect(await call('set_quietly', 'quiet', value)).toBe(true);
      // The client may send the quiet set and the get on different connections.
      await expect.poll(() => call('get', 'quiet')).toBe(value);
    }
  });

  test('touch finds only existing keys, and a value expires', async () => {
    await call('set', 'brief', 'x', 100);
    expect(await call('touch', 'brief', 200)).toBe(true);
    expect(await call('touch', 'absent', 200)).toBe(false);
    expect(await call('get', 'brief')).toBe('x');
    await call('set', 'short', 'x', 1);
    await expect.poll(() => call('get', 'short'), { timeout: 20_000 }).toBe(null);
  });

  test('the client works after the server has refused a request', async () => {
    await expect(call('set', 'large', incompressibleText(2 * 1024 * 1024))).rejects.toThrow();
    // Most clients refuse a key of 251 bytes themselves; dalli shortens it.
    await call('set', 'k'.repeat(251), 'x').catch(() => undefined);
    expect(await call('set', 'k'.repeat(250), 'longest')).toBe(true);
    expect(await call('get', 'k'.repeat(250))).toBe('longest');
  });

  test('version, stats and flush work', async () => {
    await call('set', 'seen', 'x');
    expect(await call('version')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await call('stats')).toMatchObject({ limit_maxbytes: '67108864', threads: '4' });
    expect(await call('flush')).toBe(true);
    expect(await call('get', 'seen')).toBe(null);
  });

  test('a thousand concurrent operations get their own results', async () => {
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    const sets = await Promise.all(numbers.map((i) => call('set', `run:${i}`, String(i))));
    expect(new Set(sets)).toEqual(new Set([true]));
    const gets = await Promise.all(numbers.map((i) => call('get', `run:${i}`)));
    expect(gets).toEqual(numbers.map(String));
  });
}

function multiKeyTests(agent: () => Agent, count: number): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test.skipIf(count === 0)('get_many returns the values that set_many has stored', async () => {
    const many = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`many:${i}`, `value ${i} ${'.'.repeat(i)}`]),
    );
    expect(await call('set_many', many)).toBe(true);
    expect(await call('get_many', [...Object.keys(many), 'many:none'])).toEqual(many);
    expect(await call('get_many', ['many:none', 'many:neither'])).toEqual({});
  });
}

function loginTests(
  client: DebianClient,
  agent: () => Agent,
  server: ServerUnderTest,
  settings: Omit<AgentSettings, 'servers'>,
): void {
  const { username: _, password: __, ...anonymous } = settings;
  test.for([
    ['a wrong password', { ...settings, password: 'open sesame' }],
    ['an unknown user', { ...settings, username: 'clown' }],
    ['no login at all', anonymous],
  ] as const)('the server refuses %s', async ([, wrongSettings]) => {
    await agent().call('set', 'kind', 'secret');
    const stranger = new Agent(client, {
      servers: [server.address()],
      ...wrongSettings,
      ...certificateSettings(server),
    });
    try {
      // Some clients report a closed connection as a miss.
      const outcomes = await Promise.allSettled([
        stranger.call('get', 'kind'),
        stranger.call('set', 'kind', 'stolen'),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') expect([null, false]).toContain(outcome.value);
      }
      expect(await agent().call('get', 'kind')).toBe('secret');
    } finally {
      await stranger.stop();
    }
  });
}

function certificateSettings({ certificateFile }: ServerUnderTest): Partial<AgentSettings> {
  const file = certificateFile();
  return file === undefined ? {} : { certificateFile: file };
}
