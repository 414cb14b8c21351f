import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memcachedMissing } from '../support/memcached.ts';
import { dialogue } from '../support/wire.ts';
import { ADMIN, ADMIN_OF_THE_WHOLE } from './cases/admin.ts';
import { Conversation } from './conversation.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from './servers.ts';

const QUIET = ['-o', 'no_lru_crawler,no_lru_maintainer,no_slab_reassign'];
const SETTINGS = ['hot_lru_pct', 'warm_lru_pct', 'slab_automove', 'lru_crawler_sleep'];

describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined)('tuning a whole memcached', () => {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair({ lively: true });
  });
  afterAll(() => stopPair(pair));

  test.for(ADMIN_OF_THE_WHOLE)('$name', async ({ steps }) => {
    const conversation = await Conversation.begin(pair!);
    try {
      for (const step of steps) await conversation.tell(step, 'alone');
    } finally {
      conversation.end();
    }
  });
});

describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined)('tuning, as memcached', () => {
  let pair: Pair | undefined;
  beforeAll(async () => {
    pair = await startPair({ args: QUIET });
  });
  afterAll(() => stopPair(pair));

  test.for(ADMIN)('$name', async ({ steps }) => {
    const conversation = await Conversation.begin(pair!);
    try {
      for (const step of steps) await conversation.tell(step, 'alone');
    } finally {
      conversation.end();
    }
  });

  test('what was tuned is shown', async () => {
    const said =
      'lru tune 11 22 0.5 3.5\r\nslabs automove 1\r\nlru_crawler sleep 7\r\nstats settings\r\n';
    const shown = await Promise.all(
      [pair!.ours, pair!.theirs].map(async ({ address }) => {
        const reply = (await dialogue(address, said)).toString();
        return SETTINGS.map((name) => new RegExp(`STAT ${name} (.*)\\r`).exec(reply)?.[1]);
      }),
    );
    expect(shown[0]).toContain('22');
    expect(shown[0]).toEqual(shown[1]);
  });
});
