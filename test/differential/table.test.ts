import { afterAll, beforeAll, describe, test } from 'vitest';
import { whyNoMemcached } from '../support/memcached.ts';
import { SCRIPTS } from './cases/index.ts';
import { Conversation, Mismatch } from './conversation.ts';
import type { Script } from './script.ts';
import {
  ORACLE_VERSION,
  type Pair,
  restartOracle,
  SERVINGS,
  type Serving,
  startServing,
  stopPair,
} from './servers.ts';

const USES_CAS = /\{cas /;

async function runScript(pair: Pair, steps: readonly string[]): Promise<void> {
  try {
    await runScriptOnce(pair, steps);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    await restartOracle(pair);
    await runScriptOnce(pair, steps);
  }
}

async function runScriptOnce(pair: Pair, steps: readonly string[]): Promise<void> {
  const conversation = await Conversation.begin(pair);
  try {
    for (const step of steps) await conversation.send(step, 'alone');
  } finally {
    conversation.end();
  }
}

/** Replies do not depend on the way of serving: the others get samples, with `TABLE=all` all. */
const isSampled = (serving: Serving): boolean =>
  serving !== 'TCP' && process.env['TABLE'] !== 'all';

const canRunInOneBurst = ({ steps, pace }: Script): boolean =>
  pace !== 'stepwise' && steps.length > 1 && !steps.some((step) => USES_CAS.test(step));

describe.skipIf(whyNoMemcached(ORACLE_VERSION) !== undefined).each(SERVINGS)(
  'slabring sends the replies of memcached, over %s',
  (serving) => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startServing(serving);
    });
    afterAll(() => stopPair(pair));

    for (const [group, scripts] of Object.entries(SCRIPTS)) {
      describe(group, () => {
        if (isSampled(serving)) {
          test('each fourth script, and each fourth in one burst', async () => {
            const some = scripts.filter((_, nth) => nth % 4 === 0);
            const bursts = scripts.filter((_, nth) => nth % 4 === 2).filter(canRunInOneBurst);
            for (const { steps } of some) await runScript(pair!, steps);
            for (const { steps } of bursts) await runScript(pair!, [steps.join('')]);
          });
          return;
        }
        test.for(scripts)('$name', (script) => runScript(pair!, script.steps));
        test.for(scripts.filter(canRunInOneBurst))('$name, in one burst', ({ steps }) =>
          runScript(pair!, [steps.join('')]),
        );
      });
    }
  },
);
