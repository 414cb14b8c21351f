import { murmur3 } from '../../base/index.ts';
import { type Distribution, type RingKey, singletons } from './distribution.ts';
import { hashKey } from './key-bytes.ts';

/** Knuth's MMIX multiplier of the paper, 2862933555777941757, in two halves. */
const FACTOR_HIGH = 0x27bb2ee6;
const FACTOR_LOW = 0x87b0b0fd;
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;

const SEED_HIGH = 0x6a09e667;
const SEED_LOW = 0xbb67ae85;

/** After so many draws for each node of the list, however few are wanted, the rest follow in its order. */
const DRAWS_PER_NODE = 8;
/** The odd part of 2^32 / golden ratio: spreads the draws' numbers over all bits. */
const DRAW_STEP = 0x9e3779b9;

/**
 * Jump consistent hash (Lamping & Veach 2014, arXiv:1406.2294), for lists that grow and shrink at their
 * end alone: then 1/n of the keys move, to or from the last node. No memory, and even shares. Its input is
 * 64 bits of MurmurHash3; other programs' jump hashes take other hashes, so keys are not shared with them.
 * Replicas are draws of the same kind with the key's hash changed.
 */
export class JumpDistribution implements Distribution {
  readonly #nodes: number;
  readonly #singles: readonly (readonly number[])[];

  constructor(nodeCount: number) {
    this.#nodes = nodeCount;
    this.#singles = singletons(nodeCount);
  }

  ownerOf(key: RingKey): number {
    return jump(hashKey(key, highHash), hashKey(key, lowHash), this.#nodes);
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const owner = this.ownerOf(key);
    return count <= 1 ? this.#singles[owner]! : this.#followers(key, owner, count);
  }

  #followers(key: RingKey, owner: number, count: number): readonly number[] {
    const high = hashKey(key, highHash);
    const low = hashKey(key, lowHash);
    const owners = [owner];
    const wanted = Math.min(count, this.#nodes);
    const draws = this.#nodes * DRAWS_PER_NODE;
    for (let draw = 1; owners.length < wanted && draw <= draws; draw++) {
      const node = jump(high ^ Math.imul(draw, DRAW_STEP), low, this.#nodes);
      if (!owners.includes(node)) owners.push(node);
    }
    for (let node = owner; owners.length < wanted; node = (node + 1) % this.#nodes) {
      if (!owners.includes(node)) owners.push(node);
    }
    return owners;
  }
}

const highHash = (bytes: Uint8Array, end: number): number => murmur3(bytes, 0, end, SEED_HIGH);
const lowHash = (bytes: Uint8Array, end: number): number => murmur3(bytes, 0, end, SEED_LOW);

/** The paper's function for the 64-bit key `high * 2^32 + low`, whose arithmetic is done in halves. */
export function jump(high: number, low: number, buckets: number): number {
  let upper = high >>> 0;
  let lower = low >>> 0;
  let bucket = 0;
  for (let next = 0; next < buckets; ) {
    bucket = next;
    const carry = highOfProduct(lower, FACTOR_LOW);
    const cross = (Math.imul(upper, FACTOR_LOW) + Math.imul(lower, FACTOR_HIGH)) >>> 0;
    const product = Math.imul(lower, FACTOR_LOW) >>> 0;
    lower = (product + 1) >>> 0;
    upper = (cross + carry + (lower === 0 ? 1 : 0)) >>> 0;
    next = Math.floor((bucket + 1) * (TWO_31 / ((upper >>> 1) + 1)));
  }
  return bucket;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function highOfProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const low = aLow * b;
  return Math.floor((aHigh * b + Math.floor(low / 0x1_0000)) / 0x1_0000) % TWO_32;
}
