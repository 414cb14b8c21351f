import type { Random } from '../support/random.ts';
import type { Framing } from './conversation.ts';
import { classicRequest, removal, retrieval, storage } from './generator/classic.ts';
import { type Draft, encodeDraft } from './generator/draft.ts';
import { metaDelete, metaGet, metaRequest, metaSet } from './generator/meta.ts';
import { mutate } from './generator/mutations.ts';

/** One generated step. */
export interface GeneratedStep {
  readonly text: string;
  /** A mutated step may desynchronise the stream, so it uses its own connection. */
  readonly framing: Framing;
}

const STEPS_MAX = 24;
const MUTATED_ONE_IN = 3;
const PIPELINED_ONE_IN = 12;
const PIPELINE_REQUESTS_MAX = 8;

/** Generates steps on a small key space, always the same ones for the same `random`. */
export function generateSteps(random: Random): readonly GeneratedStep[] {
  const steps = Array.from({ length: random.int(4, STEPS_MAX) }, () => generateStep(random));
  return random.oneIn(4) ? steps : [SETUP, ...steps];
}

/** Gives values to the most frequent keys, and shows their CAS ids. */
const SETUP: GeneratedStep = {
  text: 'set a 5 0 2\r\nhi\r\nset n 0 100 2\r\n10\r\ngets a n\r\n',
  framing: 'sentinel',
};

function generateStep(random: Random): GeneratedStep {
  if (random.oneIn(PIPELINED_ONE_IN)) return { text: pipeline(random), framing: 'sentinel' };
  const draft = request(random);
  const mutated =
    draft.unmodifiable !== true && random.oneIn(MUTATED_ONE_IN)
      ? mutate(draft, random, () => request(random))
      : undefined;
  return mutated === undefined || DIFFERS.some((pattern) => pattern.test(mutated))
    ? { text: encodeDraft(draft), framing: 'sentinel' }
    : { text: mutated, framing: 'alone' };
}

/** A delayed flush acts at a time that depends on the clock, and would affect later scripts. */
const DELAYED_FLUSH = /flush_all[\t-\r ]+\+?0*[1-9]/;

/** memcached 1.6.18 ignores the `q` of an `ma` that creates (known-differences.ts). */
const QUIET_CREATION = /ma[^\n]* (q[^\n]* N|N[^\n]* q)/;

/** memcached 1.6.18 ignores the `C` of an `mg` (newer-than-oracle.ts). */
const CONDITIONAL_GET = /mg[^\n]* C/;

const DIFFERS = [DELAYED_FLUSH, QUIET_CREATION, CONDITIONAL_GET] as const;

function request(random: Random): Draft {
  return random.oneIn(3) ? metaRequest(random) : classicRequest(random);
}

/**
 * Requests of both dialects in one packet, without counters, because an unwritten reply pins the
 * item (script.ts).
 */
function pipeline(random: Random): string {
  const kinds = [retrieval, storage, removal, metaGet, metaGet, metaSet, metaDelete];
  const count = random.int(2, PIPELINE_REQUESTS_MAX);
  const drafts = Array.from({ length: count }, () => random.pick(kinds)(random));
  return [...drafts, { words: ['mn'] }].map(encodeDraft).join('');
}
