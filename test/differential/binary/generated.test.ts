import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memcachedMissing } from '../../support/memcached.ts';
import { Random, testSeed } from '../../support/random.ts';
import { ORACLE_VERSION, type Pair, renewOracle, startPair, stopPair } from '../servers.ts';
import { generateBursts } from './generator.ts';
import { differenceIn, type Story } from './story.ts';

const SEQUENCES = Number(process.env['SEQUENCES'] ?? 1000);
/** A handshake for each connection takes its time. */
const SEQUENCES_BY_TLS = Math.ceil(SEQUENCES / 5);
const FAILURES_SHOWN = 3;
const seed = testSeed();

/** The difference, with every burst left out that it does not need. */
async function shrink(pair: Pair, bursts: Story['bursts']): Promise<string | undefined> {
  let smallest = { bursts, difference: await differenceIn(pair, bursts) };
  for (let at = bursts.length - 1; at >= 0; at--) {
    const fewer = smallest.bursts.toSpliced(at, 1);
    const difference = await differenceIn(pair, fewer);
    if (difference !== undefined) smallest = { bursts: fewer, difference };
  }
  return `${smallest.bursts.length} bursts\n${smallest.difference}`;
}

describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined).each(['TCP', 'TLS'])(
  'generated packets, by %s',
  (transport) => {
    const sequences = transport === 'TLS' ? SEQUENCES_BY_TLS : SEQUENCES;
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ tls: transport === 'TLS' });
    });
    afterAll(() => stopPair(pair));

    test(`${sequences} stories from seed ${seed} get memcached's replies`, async () => {
      const random = new Random(seed);
      const failures: string[] = [];
      for (let nth = 0; nth < sequences && failures.length < FAILURES_SHOWN; nth++) {
        const bursts = generateBursts(random);
        if ((await differenceIn(pair!, bursts)) === undefined) continue;
        await renewOracle(pair!);
        if ((await differenceIn(pair!, bursts)) === undefined) continue;
        failures.push(`story ${nth} of seed ${seed}: ${await shrink(pair!, bursts)}`);
      }
      expect(failures.join('\n\n')).toBe('');
    });
  },
);
