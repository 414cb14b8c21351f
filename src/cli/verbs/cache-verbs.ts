import { benchVerb } from './bench.ts';
import { deleteVerb } from './delete.ts';
import { eventsVerb } from './events.ts';
import { flushVerb } from './flush.ts';
import { getVerb } from './get.ts';
import { hotVerb } from './hot.ts';
import { incrVerb } from './incr.ts';
import { keyVerb } from './key.ts';
import { keysVerb } from './keys.ts';
import { memoryVerb } from './memory.ts';
import { ringVerb } from './ring.ts';
import { setVerb } from './set.ts';
import { statsVerb } from './stats.ts';
import { topVerb } from './top.ts';
import { touchVerb } from './touch.ts';
import { watchVerb } from './watch.ts';

/** The verbs that are clients of a cache, in the order of the help. */
export const CACHE_VERBS = [
  getVerb,
  setVerb,
  deleteVerb,
  touchVerb,
  incrVerb,
  statsVerb,
  topVerb,
  watchVerb,
  eventsVerb,
  hotVerb,
  keysVerb,
  keyVerb,
  memoryVerb,
  flushVerb,
  ringVerb,
  benchVerb,
];
