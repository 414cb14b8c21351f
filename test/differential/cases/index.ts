import type { Script } from '../script.ts';
import { COUNTERS } from './counters.ts';
import { META } from './meta.ts';
import { META_LINES } from './meta-lines.ts';
import { META_PAIRS } from './meta-pairs.ts';
import { OTHERS } from './others.ts';
import { REMOVAL } from './removal.ts';
import { RETRIEVAL } from './retrieval.ts';
import { STORAGE } from './storage.ts';

/** The hand-written scripts, grouped by the commands that they test. */
export const SCRIPTS: Readonly<Record<string, readonly Script[]>> = {
  retrieval: RETRIEVAL,
  storage: STORAGE,
  counters: COUNTERS,
  removal: REMOVAL,
  meta: META,
  'meta lines': META_LINES,
  'meta pairs': META_PAIRS,
  others: OTHERS,
};
