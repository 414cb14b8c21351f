import type { StoreParts } from '../assemble.ts';
import { TOO_LARGE } from '../items/new-item.ts';
import { MODE, type WholeItem } from '../items/store-condition.ts';

/** An item that is reused. */
export type WritableItem = { -readonly [Name in keyof WholeItem]: WholeItem[Name] };

export function newWholeItem({ arena }: StoreParts): WritableItem {
  return {
    placement: TOO_LARGE,
    keyBytes: 0,
    clientFlags: 0,
    expiry: 0,
    valueBytes: 0,
    ownCas: false,
    mode: MODE.set,
    casHigh: 0,
    casLow: 0,
    allowStale: false,
    vivify: false,
    ownCasHigh: 0,
    ownCasLow: 0,
    hash: 0,
    keySource: arena.bytes,
    keyStart: 0,
    keyBinary: false,
    valueSource: arena,
    valueStart: 0,
  };
}
