import type { Arena } from '../memory/arena.ts';
import { itemBytes, VALUE_BYTES_MAX } from '../memory/item-layout.ts';
import type { SizeClasses } from '../memory/size-classes.ts';
import type { Chains } from './chains.ts';
import { CHAINED, type Placement, TOO_LARGE } from './new-item.ts';

/** What memcached adds to key and value: header 48, CAS id 8, NUL after the key 1, CRLF 2. */
export const MEMCACHED_OVERHEAD_BYTES = 48 + 8 + 1 + 2;
export const MEMCACHED_FLAGS_BYTES = 4;

interface PlacerParts {
  readonly arena: Arena;
  readonly chains: Chains;
}

/** Decides the placement of items. */
export class Placer {
  readonly #chains: Chains;
  readonly #sizeClasses: SizeClasses;
  readonly #itemBytesMax: number;

  constructor({ arena, chains }: PlacerParts) {
    this.#chains = chains;
    this.#sizeClasses = arena.sizeClasses;
    this.#itemBytesMax = arena.itemBytesMax;
  }

  /** The placement of an item, or TOO_LARGE. `-I` is compared with memcached's item size. */
  placementFor(
    keyBytes: number,
    clientFlags: number,
    valueBytes: number,
    ownCas: boolean,
  ): Placement {
    const flagsBytes = clientFlags === 0 ? 0 : MEMCACHED_FLAGS_BYTES;
    const memcachedBytes = MEMCACHED_OVERHEAD_BYTES + keyBytes + flagsBytes + valueBytes;
    if (valueBytes > VALUE_BYTES_MAX || memcachedBytes > this.#itemBytesMax) return TOO_LARGE;
    const bytes = itemBytes(keyBytes, clientFlags, valueBytes, ownCas);
    const sizeClass = this.#sizeClasses.classFor(bytes);
    if (sizeClass !== 0) return sizeClass;
    const headBytes = this.#chains.headBytes(keyBytes, clientFlags, valueBytes, ownCas);
    const headClass = this.#sizeClasses.classFor(headBytes);
    return headClass === 0 ? TOO_LARGE : headClass | CHAINED;
  }
}
