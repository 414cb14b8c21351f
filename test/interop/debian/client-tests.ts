import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../../support/random.ts';
import { describeBothServers, type Subject } from '../both-servers.ts';
import { type Door, PLAIN } from '../doors.ts';
import { Agent, type AgentSettings, bytes } from './agent.ts';
import { clientMissing, type DebianClient } from './clients.ts';

/** One way to use a client. */
export interface Use {
  /** Such as `binary`. */
  readonly name: string;
  readonly door?: Door;
  readonly settings?: Omit<AgentSettings, 'servers'>;
  /** How many keys it can set and get at once; 300 unless said. */
  readonly manyKeys?: number;
  /** Tests of what only this client can do. */
  readonly more?: (agent: () => Agent, subject: Subject) => void;
}

/** The usual tests of one client in each of its uses, against both servers. */
export function describeClient(client: DebianClient, uses: readonly Use[]): void {
  const missing = clientMissing(client);
  for (const { name, door = PLAIN, settings = {}, manyKeys = 300, more } of uses) {
    describeBothServers(
      `${client.title}, ${name}`,
      (address, subject) => {
        let agent: Agent;
        beforeAll(() => {
          agent = new Agent(client, { servers: [address()], ...settings, ...trust(subject) });
        });
        afterAll(() => agent?.stop());
        usualTests(() => agent);
        // memcached 1.6.18 loses sight of what OpenSSL has read ahead: the last requests of a burst
        // that is longer than its read buffer (16 KiB) are never answered.
        const burstsHang = subject.name === 'memcached' && door.isEncrypted;
        manyAtOnce(() => agent, burstsHang ? Math.min(manyKeys, 100) : manyKeys);
        more?.(() => agent, subject);
        if (settings.user !== undefined) loginTests(client, () => agent, subject, settings);
      },
      door,
      missing,
    );
  }
}

/** Text that hardly compresses: whatever a client does to it, three quarters are left. */
function noise(length: number): string {
  return new Random(7)
    .bytes(Math.ceil((length * 3) / 4))
    .toString('base64')
    .slice(0, length);
}

function usualTests(agent: () => Agent): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test('values of every kind come back as they were', async () => {
    const texts = ['text', '', 'caf\u00e9 \u{1f980}', 'two\r\nlines', 'END\r\n', noise(500_000)];
    for (const value of [...texts, 42, -1.5, { deep: [1, 'two'] }]) {
      expect(await call('set', 'kind', value)).toBe(true);
      expect(await call('get', 'kind')).toEqual(value);
    }
    const content = bytes(Buffer.from([0, 1, 13, 10, 0x80, 0x81, 255]));
    expect(await call('set', 'bytes', content)).toBe(true);
    expect(await call('get', 'bytes')).toEqual(content);
  });

  test('add, replace, append, prepend, delete', async () => {
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

  test('gets and cas', async () => {
    expect(await call('gets', 'swap')).toBe(null);
    await call('set', 'swap', 'one');
    const [value, cas] = (await call('gets', 'swap')) as [string, string];
    expect(value).toBe('one');
    expect(await call('cas', 'swap', 'two', cas)).toBe('stored');
    expect(await call('cas', 'swap', 'three', cas)).toBe('exists');
    // Newer versions of dalli call it `exists`.
    expect(await call('cas', 'absent', 'x', cas)).not.toBe('stored');
    expect(await call('get', 'absent')).toBe(null);
    expect(await call('get', 'swap')).toBe('two');
  });

  test('incr and decr', async () => {
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

  test('nothing is answered to what wants no answer', async () => {
    for (const value of ['once', 'twice']) {
      expect(await call('set_quietly', 'quiet', value)).toBe(true);
      // The client may have sent it on another connection than it asks on.
      await expect.poll(() => call('get', 'quiet')).toBe(value);
    }
  });

  test('touch and expiry', async () => {
    await call('set', 'brief', 'x', 100);
    expect(await call('touch', 'brief', 200)).toBe(true);
    expect(await call('touch', 'absent', 200)).toBe(false);
    expect(await call('get', 'brief')).toBe('x');
    await call('set', 'short', 'x', 1);
    await expect.poll(() => call('get', 'short'), { timeout: 20_000 }).toBe(null);
  });

  test('what is refused leaves the client of use', async () => {
    await expect(call('set', 'large', noise(2 * 1024 * 1024))).rejects.toThrow();
    // Most clients refuse a longer key themselves; dalli makes a short one of it.
    await call('set', 'k'.repeat(251), 'x').catch(() => undefined);
    expect(await call('set', 'k'.repeat(250), 'longest')).toBe(true);
    expect(await call('get', 'k'.repeat(250))).toBe('longest');
  });

  test('version, stats and flush', async () => {
    await call('set', 'seen', 'x');
    expect(await call('version')).toMatch(/^\d+\.\d+\.\d+$/);
    expect(await call('stats')).toMatchObject({ limit_maxbytes: '67108864', threads: '4' });
    expect(await call('flush')).toBe(true);
    expect(await call('get', 'seen')).toBe(null);
  });

  test('a thousand operations', async () => {
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    const sets = await Promise.all(numbers.map((i) => call('set', `run:${i}`, String(i))));
    expect(new Set(sets)).toEqual(new Set([true]));
    const gets = await Promise.all(numbers.map((i) => call('get', `run:${i}`)));
    expect(gets).toEqual(numbers.map(String));
  });
}

function manyAtOnce(agent: () => Agent, length: number): void {
  const call: Agent['call'] = (...args) => agent().call(...args);

  test.skipIf(length === 0)('many keys at once', async () => {
    const many = Object.fromEntries(
      Array.from({ length }, (_, i) => [`many:${i}`, `value ${i} ${'.'.repeat(i)}`]),
    );
    expect(await call('set_many', many)).toBe(true);
    expect(await call('get_many', [...Object.keys(many), 'many:none'])).toEqual(many);
    expect(await call('get_many', ['many:none', 'many:neither'])).toEqual({});
  });
}

function loginTests(
  client: DebianClient,
  agent: () => Agent,
  subject: Subject,
  settings: Omit<AgentSettings, 'servers'>,
): void {
  const { user: _, password: __, ...anonymous } = settings;
  test.for([
    ['a wrong password', { ...settings, password: 'open sesame' }],
    ['an unknown user', { ...settings, user: 'clown' }],
    ['no login at all', anonymous],
  ] as const)('%s is refused', async ([, refused]) => {
    await agent().call('set', 'kind', 'secret');
    const stranger = new Agent(client, {
      servers: [subject.address()],
      ...refused,
      ...trust(subject),
    });
    try {
      // Some clients take a closed connection for a miss.
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

function trust({ certificateFile }: Subject): Partial<AgentSettings> {
  const trusted = certificateFile();
  return trusted === undefined ? {} : { certificateFile: trusted };
}
