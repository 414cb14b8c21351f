import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../../support/memcached.ts';
import { Random, testSeed } from '../../support/random.ts';
import { ORACLE_VERSION, type Pair, restartOracle, startPair, stopPair } from '../servers.ts';
import { generateBursts } from './generator.ts';
import { differenceIn, type Scenario } from './scenario.ts';

const SEQUENCES = Number(process.env['SEQUENCES'] ?? 1000);
/** A TLS handshake for each connection takes long. */
const SEQUENCES_OVER_TLS = Math.ceil(SEQUENCES / 5);
const FAILURES_SHOWN = 3;
const seed = testSeed();

/** Removes every burst that the difference does not need, and describes the rest. */
async function shrink(pair: Pair, bursts: Scenario['bursts']): Promise<string | undefined> {
  let smallest = { bursts, difference: await differenceIn(pair, bursts) };
  for (let at = bursts.length - 1; at >= 0; at--) {
    const fewer = smallest.bursts.toSpliced(at, 1);
    const difference = await differenceIn(pair, fewer);
    if (difference !== undefined) smallest = { bursts: fewer, difference };
  }
  return `${smallest.bursts.length} bursts\n${smallest.difference}`;
}

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined).each(['TCP', 'TLS'])(
  'generated packets, over %s',
  (transport) => {
    const sequences = transport === 'TLS' ? SEQUENCES_OVER_TLS : SEQUENCES;
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ tls: transport === 'TLS' });
    });
    afterAll(() => stopPair(pair));

    test(`${sequences} scenarios from seed ${seed} get memcached's replies`, async () => {
      const random = new Random(seed);
      const failures: string[] = [];
      for (let nth = 0; nth < sequences && failures.length < FAILURES_SHOWN; nth++) {
        const bursts = generateBursts(random);
        if ((await differenceIn(pair!, bursts)) === undefined) continue;
        await restartOracle(pair!);
        if ((await differenceIn(pair!, bursts)) === undefined) continue;
        failures.push(`scenario ${nth} of seed ${seed}: ${await shrink(pair!, bursts)}`);
      }
      expect(failures.join('\n\n')).toBe('');
    });
  },
);
