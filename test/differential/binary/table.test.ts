import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memcachedMissing } from '../../support/memcached.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from '../servers.ts';
import { STORIES } from './stories.ts';
import { differenceIn } from './story.ts';

describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined).each(['TCP', 'TLS'])(
  'the same packets as memcached, by %s',
  (transport) => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ tls: transport === 'TLS' });
    });
    afterAll(() => stopPair(pair));

    test.for(STORIES)('$name', async ({ bursts }) => {
      expect(await differenceIn(pair!, bursts)).toBeUndefined();
    });
  },
);
