import { number } from '../../base/index.ts';

/** 33 minutes: the threads share the time as microseconds in 32 bits. */
export const SLOW_MS_MAX = 2_000_000;

/** The option that logs slow requests, and what the action `slow-ms` of the admin port sets. */
export const slowFlags = {
  slowMs: number({
    default: 0,
    min: 0,
    max: SLOW_MS_MAX,
    unit: 'milliseconds',
    doc:
      'Log each request for which the node takes so long: its command, the hash of its key, its ' +
      'sizes, its time and its client. Logins do not count. 0 logs none.',
  }),
};
