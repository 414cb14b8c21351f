import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { sendAndReadToEnd } from '../support/wire.ts';
import { ADMIN, ADMIN_WITH_BACKGROUND_WORK } from './cases/admin.ts';
import { Conversation } from './conversation.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from './servers.ts';

const WITHOUT_BACKGROUND_WORK = ['-o', 'no_lru_crawler,no_lru_maintainer,no_slab_reassign'];
const SETTINGS = ['hot_lru_pct', 'warm_lru_pct', 'slab_automove', 'lru_crawler_sleep'];

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined)(
  'tuning, as memcached with background work',
  () => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ withBackgroundWork: true });
    });
    afterAll(() => stopPair(pair));

    test.for(ADMIN_WITH_BACKGROUND_WORK)('$name', async ({ steps }) => {
      const conversation = await Conversation.begin(pair!);
      try {
        for (const step of steps) await conversation.send(step, 'alone');
      } finally {
        conversation.end();
      }
    });
  },
);

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined)(
  'tuning, as memcached without background work',
  () => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ args: WITHOUT_BACKGROUND_WORK });
    });
    afterAll(() => stopPair(pair));

    test.for(ADMIN)('$name', async ({ steps }) => {
      const conversation = await Conversation.begin(pair!);
      try {
        for (const step of steps) await conversation.send(step, 'alone');
      } finally {
        conversation.end();
      }
    });

    test('stats settings shows the tuned values', async () => {
      const requests =
        'lru tune 11 22 0.5 3.5\r\nslabs automove 1\r\nlru_crawler sleep 7\r\nstats settings\r\n';
      const shown = await Promise.all(
        [pair!.ours, pair!.theirs].map(async ({ address }) => {
          const reply = (await sendAndReadToEnd(address, requests)).toString();
          return SETTINGS.map((name) => new RegExp(`STAT ${name} (.*)\\r`).exec(reply)?.[1]);
        }),
      );
      expect(shown[0]).toContain('22');
      expect(shown[0]).toEqual(shown[1]);
    });
  },
);
