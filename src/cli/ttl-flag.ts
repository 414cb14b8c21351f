import { integer } from '../base/index.ts';

/** Of what a verb stores. */
export const ttlFlag = integer({
  default: 0,
  min: 0,
  max: 2 ** 31 - 1,
  doc: 'Seconds to live; 0 is until evicted.',
});
