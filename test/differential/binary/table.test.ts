import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../../support/memcached.ts';
import { ORACLE_VERSION, type Pair, startPair, stopPair } from '../servers.ts';
import { differenceIn } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined).each(['TCP', 'TLS'])(
  'slabring sends the packets of memcached, over %s',
  (transport) => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ tls: transport === 'TLS' });
    });
    afterAll(() => stopPair(pair));

    test.for(SCENARIOS)('$name', async ({ bursts }) => {
      expect(await differenceIn(pair!, bursts)).toBeUndefined();
    });
  },
);
