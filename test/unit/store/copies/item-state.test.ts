import { expect, test } from 'vitest';
import { flagsOf, newItemState } from '../../../../src/store/copies/item-state.ts';
import { FLAG } from '../../../../src/store/memory/item-layout.ts';

test('a new state is the absence of an empty key, with the lowest read number', () => {
  const state = newItemState();
  expect(state).toMatchObject({ exists: false, keyBytes: 0, readHigh: 0, readLow: 0 });
});

test.each([
  ['isFetched', FLAG.fetched],
  ['isStale', FLAG.stale],
  ['isLeased', FLAG.tokenSent],
  ['keyBinary', FLAG.keyBinary],
] as const)('the field %s becomes a flag of the item', (field, flag) => {
  const state = newItemState();
  state[field] = true;
  expect(flagsOf(state)).toBe(flag);
});
