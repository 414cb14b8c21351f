import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';
import { Conversation } from './conversation.ts';
import { lines, put } from './script.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from './servers.ts';

/** Items expire on both servers; the exact moment depends on the clock of each server. */
describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined)('time', () => {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair();
  });
  afterAll(() => stopPair(pair));

  /** Waits until `key` has expired on both servers. */
  async function waitUntilExpired(key: string): Promise<void> {
    for (const server of [pair!.ours, pair!.theirs]) {
      const connection = await RawConnection.connect(server.address);
      const isGone = async () =>
        (await connection.exchange(`get ${key}\r\n`)).equals(Buffer.from('END\r\n'));
      await waitUntil(`${server.name} expires ${key}`, isGone);
      connection.destroy();
    }
  }

  async function sendToBoth(...steps: readonly string[]): Promise<string> {
    const conversation = await Conversation.begin(pair!);
    try {
      let last = '';
      for (const step of steps) last = await conversation.send(step, 'sentinel');
      return last;
    } finally {
      conversation.end();
    }
  }

  test('items expire two seconds after a set, touch or gat with that exptime', async () => {
    expect(
      await sendToBoth(
        lines('set s 0 2 1', 'x'),
        put('set', 't', 'x'),
        lines('touch t 2'),
        put('set', 'g', 'x'),
        lines('gat 2 g'),
        put('set', 'stays', 'x'),
      ),
    ).toBe('STORED\r\n');
    for (const key of ['s', 't', 'g']) await waitUntilExpired(key);
    const at = await RawConnection.connect(pair!.ours.address);
    expect((await at.exchange('get s t g stays\r\n')).toString()).toBe(
      'VALUE stays 0 1\r\nx\r\nEND\r\n',
    );
    at.destroy();
  });

  test('touch with exptime 0 cancels an expiry', async () => {
    await sendToBoth(lines('set a 0 2 1', 'x'), lines('set b 0 2 1', 'x'), lines('touch a 0'));
    await waitUntilExpired('b');
    const at = await RawConnection.connect(pair!.ours.address);
    expect((await at.exchange('get a\r\n')).toString()).toBe('VALUE a 0 1\r\nx\r\nEND\r\n');
    at.destroy();
  });

  test('a delayed flush_all hides older items, but no items stored after it', async () => {
    expect(await sendToBoth(put('set', 'a', 'x'), lines('flush_all 3'), lines('get a'))).toBe(
      'VALUE a 0 1\r\nx\r\nEND\r\n',
    );
    await waitUntilExpired('a');
    const conversation = await RawConnection.connect(pair!.ours.address);
    // The flush acts within its second: items stored from the next second on stay.
    await waitUntil('a new item stays', async () => {
      await conversation.exchange(put('set', 'b', 'y'));
      return (await conversation.exchange(lines('get b'))).length > 'END\r\n'.length;
    });
    conversation.destroy();
  });
});
