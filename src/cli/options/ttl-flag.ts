import { integer } from '../../base/index.ts';

/** `--ttl` of the verbs that store a value. */
export const ttlFlag = integer({
  default: 0,
  min: 0,
  max: 2 ** 31 - 1,
  doc: 'Time to live in seconds; 0 means until evicted.',
});
