import type { Arena } from '../memory/arena.ts';
import { KEY_SLOTS } from '../memory/layout.ts';
import type { ItemState } from './item-state.ts';

const NUMBER_WORDS = 2;

/** The slot of the keys with this hash. */
export function slotOf(hash: number): number {
  return hash & (KEY_SLOTS - 1);
}

type Numbered = Pick<ItemState, 'readHigh' | 'readLow' | 'slotHigh' | 'slotLow'>;

/**
 * The slots of a receiver: each has the highest read number of all states that the node took for
 * keys with the same 16 low bits of their hash. The caller holds the stripe of the key, which is
 * the stripe of all keys of its slot.
 */
export class CopySlots {
  readonly #words: Uint32Array;

  constructor({ copySlots }: Pick<Arena, 'copySlots'>) {
    this.#words = copySlots;
  }

  /**
   * Raises the slot of a key to the read number of a state. False if the slot has a higher number,
   * which the state then names.
   */
  raise(hash: number, state: Numbered): boolean {
    const words = this.#words;
    const at = slotOf(hash) * NUMBER_WORDS;
    const { readHigh, readLow } = state;
    const low = words[at]!;
    const high = words[at + 1]!;
    if (readHigh < high || (readHigh === high && readLow < low)) {
      state.slotHigh = high;
      state.slotLow = low;
      return false;
    }
    words[at] = readLow;
    words[at + 1] = readHigh;
    return true;
  }
}
