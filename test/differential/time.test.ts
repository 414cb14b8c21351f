import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memcachedMissing } from '../support/memcached.ts';
import { until } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';
import { Conversation } from './conversation.ts';
import { lines, put } from './script.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from './servers.ts';

/** What time takes away: both servers must come to the same end; when exactly is each one's clock's affair. */
describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined)('time', () => {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => stopPair(pair));

  /** Until neither server has `key` any more. */
  async function untilGone(key: string): Promise<void> {
    for (const server of [pair!.ours, pair!.theirs]) {
      const connection = await RawConnection.connect(server.address);
      const isGone = async () =>
        (await connection.exchange(`get ${key}\r\n`)).equals(Buffer.from('END\r\n'));
      await until(`${server.name} forgets ${key}`, isGone);
      connection.destroy();
    }
  }

  async function both(...steps: readonly string[]): Promise<string> {
    const conversation = await Conversation.begin(pair!);
    try {
      let last = '';
      for (const step of steps) last = await conversation.tell(step, 'sentinel');
      return last;
    } finally {
      conversation.end();
    }
  }

  test('set, touch and gat with an exptime of two seconds', async () => {
    expect(
      await both(
        lines('set s 0 2 1', 'x'),
        put('set', 't', 'x'),
        lines('touch t 2'),
        put('set', 'g', 'x'),
        lines('gat 2 g'),
        put('set', 'stays', 'x'),
      ),
    ).toBe('STORED\r\n');
    for (const key of ['s', 't', 'g']) await untilGone(key);
    const at = await RawConnection.connect(pair!.ours.address);
    expect((await at.exchange('get s t g stays\r\n')).toString()).toBe(
      'VALUE stays 0 1\r\nx\r\nEND\r\n',
    );
    at.destroy();
  });

  test('a touch takes an expiry back', async () => {
    await both(lines('set a 0 2 1', 'x'), lines('set b 0 2 1', 'x'), lines('touch a 0'));
    await untilGone('b');
    const at = await RawConnection.connect(pair!.ours.address);
    expect((await at.exchange('get a\r\n')).toString()).toBe('VALUE a 0 1\r\nx\r\nEND\r\n');
    at.destroy();
  });

  test('flush_all with a delay, and what is stored after it', async () => {
    expect(await both(put('set', 'a', 'x'), lines('flush_all 3'), lines('get a'))).toBe(
      'VALUE a 0 1\r\nx\r\nEND\r\n',
    );
    await untilGone('a');
    const conversation = await RawConnection.connect(pair!.ours.address);
    // The deadline acts within its second: what is stored from the next one on stays.
    await until('a new item stays', async () => {
      await conversation.exchange(put('set', 'b', 'y'));
      return (await conversation.exchange(lines('get b'))).length > 'END\r\n'.length;
    });
    conversation.destroy();
  });
});
