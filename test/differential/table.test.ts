import { afterAll, beforeAll, describe, test } from 'vitest';
import { memcachedMissing } from '../support/memcached.ts';
import { SCRIPTS } from './cases/index.ts';
import { Conversation, Mismatch } from './conversation.ts';
import type { Script } from './script.ts';
import { ORACLE_VERSION, type Pair, renewOracle, startPair, stopPair } from './servers.ts';

const SHOWS_CAS = /\{cas /;

async function tell(pair: Pair, steps: readonly string[]): Promise<void> {
  try {
    await tellOnce(pair, steps);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    await renewOracle(pair);
    await tellOnce(pair, steps);
  }
}

async function tellOnce(pair: Pair, steps: readonly string[]): Promise<void> {
  const conversation = await Conversation.begin(pair);
  try {
    for (const step of steps) await conversation.tell(step, 'alone');
  } finally {
    conversation.end();
  }
}

const suitsBurst = ({ steps, pace }: Script): boolean =>
  pace !== 'stepwise' && steps.length > 1 && !steps.some((step) => SHOWS_CAS.test(step));

describe.skipIf(memcachedMissing(ORACLE_VERSION) !== undefined).each(['TCP', 'TLS'])(
  'the same replies as memcached, by %s',
  (transport) => {
    let pair: Pair | undefined;
    beforeAll(async () => {
      pair = await startPair({ tls: transport === 'TLS' });
    });
    afterAll(() => stopPair(pair));

    for (const [group, scripts] of Object.entries(SCRIPTS)) {
      describe(group, () => {
        test.for(scripts)('$name', (script) => tell(pair!, script.steps));
        test.for(scripts.filter(suitsBurst))('$name, in one burst', ({ steps }) =>
          tell(pair!, [steps.join('')]),
        );
      });
    }
  },
);
