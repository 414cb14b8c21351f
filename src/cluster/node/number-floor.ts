import type { ItemCopies } from '../../store/index.ts';

/** 2026-01-01: sequence numbers have 47 bits, so that these suffice until 2060. */
const BASE_SECONDS = 1_767_225_600;
/** More than a node draws in a second on average, for as long as it runs. */
const NUMBERS_PER_SECOND = 2 ** 16;
/**
 * More than all members skip at one topology, one after the other: each hears the numbers of the
 * others, and skips 2^24 more. So a number of an older topology is below the floor.
 */
const NUMBERS_PER_TOPOLOGY = 2 ** 31;
/**
 * The versions of a cluster on one machine begin with the Unix time, so only their low bits count.
 * When these begin again, the floor may be below an earlier one; equal numbers are then unlikely,
 * and not impossible.
 */
const VERSIONS = 2 ** 14;
const WORD = 2 ** 32;

/**
 * Skips sequence numbers before this node becomes the primary of more keys, also those of primaries
 * that have all died, with all copies of their keys. Their clients may still have the CAS ids.
 */
export function skipNumbers(
  copies: Pick<ItemCopies, 'raiseSequence' | 'skipSequence'>,
  version: number,
  unixMs: number,
): void {
  const seconds = Math.max(0, Math.floor(unixMs / 1000) - BASE_SECONDS);
  const floor = seconds * NUMBERS_PER_SECOND + (version % VERSIONS) * NUMBERS_PER_TOPOLOGY;
  copies.raiseSequence(Math.floor(floor / WORD), floor % WORD);
  copies.skipSequence();
}
