import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { Random, testSeed } from '../support/random.ts';
import { Conversation, Mismatch } from './conversation.ts';
import { type GeneratedStep, generateSteps } from './generator.ts';
import {
  ORACLE_VERSION,
  type Pair,
  restartOracle,
  SERVINGS,
  startServing,
  stopPair,
  WITHOUT_FAST_PATH,
} from './servers.ts';

const SEQUENCES = Number(process.env['SEQUENCES'] ?? 1000);
/** How many times fewer. A TLS handshake for each connection takes long. */
const FEWER = { TCP: 1, TLS: 5, [WITHOUT_FAST_PATH]: 10 } as const;
const FAILURES_SHOWN = 5;
/** Enough for a hundred times as many scripts. */
const TIMEOUT_MS = 1_200_000;
const seed = testSeed();

/** The Mismatch that these steps produce, or `undefined`. */
async function mismatchOf(
  pair: Pair,
  steps: readonly GeneratedStep[],
): Promise<Mismatch | undefined> {
  const conversation = await Conversation.begin(pair, { keysAsBytes: true });
  try {
    for (const { text, framing } of steps) await conversation.send(text, framing);
    return undefined;
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw new Error(`no comparable reply to ${JSON.stringify(steps)}`, { cause: error });
  } finally {
    conversation.end();
  }
}

/** Removes every step that the mismatch does not need. */
async function shrink(
  pair: Pair,
  steps: readonly GeneratedStep[],
  first: Mismatch,
): Promise<Mismatch> {
  let smallest = { steps, mismatch: first };
  for (let at = steps.length - 1; at >= 0; at--) {
    const fewer = smallest.steps.toSpliced(at, 1);
    const mismatch = await mismatchOf(pair, fewer);
    if (mismatch !== undefined) smallest = { steps: fewer, mismatch };
  }
  return smallest.mismatch;
}

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined).each(SERVINGS)(
  'generated scripts, over %s',
  (serving) => {
    const sequences = Math.ceil(SEQUENCES / FEWER[serving]);
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startServing(serving);
    });
    afterAll(() => stopPair(pair));

    test(`${sequences} scripts from seed ${seed} get memcached's replies`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      const failures: string[] = [];
      for (let nth = 0; nth < sequences && failures.length < FAILURES_SHOWN; nth++) {
        const steps = generateSteps(new Random(seed).fork(nth));
        if ((await mismatchOf(pair!, steps)) === undefined) continue;
        await restartOracle(pair!);
        const mismatch = await mismatchOf(pair!, steps);
        if (mismatch === undefined) continue;
        const smallest = await shrink(pair!, steps, mismatch);
        failures.push(`script ${nth} of seed ${seed}\n${smallest.message}`);
      }
      expect(failures.join('\n\n')).toBe('');
    });
  },
);
