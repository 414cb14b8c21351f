import { murmur3 } from '../../base/index.ts';
import { type Distribution, type RingKey, singletons } from './distribution.ts';
import { hashKey } from './key-bytes.ts';

/** The multiplier of the paper (2862933555777941757, Knuth's MMIX), in two halves. */
const FACTOR_HIGH = 0x27bb2ee6;
const FACTOR_LOW = 0x87b0b0fd;
const TWO_31 = 0x8000_0000;
const TWO_32 = 0x1_0000_0000;

const SEED_HIGH = 0x6a09e667;
const SEED_LOW = 0xbb67ae85;

/** Draws per node of the list; after that, replicas follow in the order of the list. */
const DRAWS_PER_NODE = 8;
/** 2^32 / golden ratio, made odd: spreads the numbers of the draws over all bits. */
const DRAW_STEP = 0x9e3779b9;

/**
 * Jump consistent hash (Lamping & Veach 2014, arXiv:1406.2294), for lists that grow and shrink only
 * at their end: then 1/n of the keys move, to or from the last node. It needs no memory and gives
 * even shares. Its input is 64 bits of MurmurHash3; the jump hashes of other programs use other
 * hashes, so they place keys elsewhere. Replicas are further draws with the key's hash changed.
 */
export class JumpDistribution implements Distribution {
  readonly #nodeCount: number;
  readonly #singletons: readonly (readonly number[])[];

  constructor(nodeCount: number) {
    this.#nodeCount = nodeCount;
    this.#singletons = singletons(nodeCount);
  }

  ownerOf(key: RingKey): number {
    return jump(hashKey(key, highHash), hashKey(key, lowHash), this.#nodeCount);
  }

  ownerAt(bytes: Uint8Array, start: number, end: number): number {
    return this.ownerOf(bytes.subarray(start, end));
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const owner = this.ownerOf(key);
    return count <= 1 ? this.#singletons[owner]! : this.#followers(key, owner, count);
  }

  #followers(key: RingKey, owner: number, count: number): readonly number[] {
    const high = hashKey(key, highHash);
    const low = hashKey(key, lowHash);
    const owners = [owner];
    const wanted = Math.min(count, this.#nodeCount);
    const draws = this.#nodeCount * DRAWS_PER_NODE;
    for (let draw = 1; owners.length < wanted && draw <= draws; draw++) {
      const node = jump(high ^ Math.imul(draw, DRAW_STEP), low, this.#nodeCount);
      if (!owners.includes(node)) owners.push(node);
    }
    for (let node = owner; owners.length < wanted; node = (node + 1) % this.#nodeCount) {
      if (!owners.includes(node)) owners.push(node);
    }
    return owners;
  }
}

const highHash = (bytes: Uint8Array, end: number): number => murmur3(bytes, 0, end, SEED_HIGH);
const lowHash = (bytes: Uint8Array, end: number): number => murmur3(bytes, 0, end, SEED_LOW);

/** The paper's function for the 64-bit key `high * 2^32 + low`; it computes in 32-bit halves. */
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
