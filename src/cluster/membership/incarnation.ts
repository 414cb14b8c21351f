import { randomInt } from 'node:crypto';

const INCARNATION_LIMIT = 2 ** 48 - 1;

/** Incarnations are random, so that two starts of a process do not share one. */
export const newIncarnation = (): number => randomInt(1, INCARNATION_LIMIT);
