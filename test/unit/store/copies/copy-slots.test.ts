import { beforeEach, describe, expect, test } from 'vitest';
import { CopySlots } from '../../../../src/store/copies/copy-slots.ts';
import { audit } from '../../../support/audit.ts';
import { type CopyNode, collidingKeys, newPair, set, show } from '../../../support/copy-node.ts';

const LARGE = 'v'.repeat(700_000);

let primary: CopyNode;
let receiver: CopyNode;
beforeEach(() => {
  ({ primary, receiver } = newPair());
});

/** Sends a request to the primary, and the state of the key after it to the receiver. */
function sendAndCopy(key: string, request: string): void {
  primary.send(request);
  expect(receiver.copies.take(primary.read(key))).toBe('done');
}

describe('the slots', () => {
  test('keys with the same 16 low bits share a slot, and no others', () => {
    const slots = new CopySlots(receiver.parts.arena);
    const state = { readHigh: 0, readLow: 9, slotHigh: 0, slotLow: 0 };
    const lower = { ...state, readLow: 8 };
    expect(slots.raise(0x1234_5678, state)).toBe(true);
    for (const hash of [0x5678, 0x7fff_5678, -65_536 + 0x5678]) {
      expect(slots.raise(hash, lower)).toBe(false);
    }
    for (const hash of [0x5679, 0x4678, 0xd678, 0]) expect(slots.raise(hash, lower)).toBe(true);
    expect(lower).toMatchObject({ slotHigh: 0, slotLow: 9 });
  });
});

describe('the order of states', () => {
  test('a state is refused if the node has taken a newer one, and names its read number', () => {
    primary.send(set('a', 'old'));
    const old = primary.read('a');
    primary.send(set('a', 'new'));
    const newer = primary.read('a');
    expect(receiver.copies.take(newer)).toBe('done');
    expect(receiver.copies.take(old)).toBe('refused');
    expect([old.slotHigh, old.slotLow]).toEqual([newer.readHigh, newer.readLow]);
    expect(show(receiver, 'a', 'v')).toBe('VA 3\r\nnew\r\n');
  });
  test('a state that comes twice is taken twice', () => {
    primary.send(set('a', 'x'));
    const state = primary.read('a');
    expect([1, 2].map(() => receiver.copies.take(state))).toEqual(['done', 'done']);
    expect(audit(receiver.parts)).toEqual([]);
  });
  test('a refused state of a large value leaves no memory behind', () => {
    primary.send(set('a', LARGE));
    const old = primary.read('a');
    primary.send('delete a\r\n');
    receiver.copies.take(primary.read('a'));
    expect(receiver.copies.take(old)).toBe('refused');
    expect(receiver.idOf('a')).toBe(0);
    expect(audit(receiver.parts)).toEqual([]);
  });
  test('an older value does not return after a delete', () => {
    primary.send(set('a', 'x'));
    const old = primary.read('a');
    primary.send('delete a\r\n');
    const absence = primary.read('a');
    expect(receiver.copies.take(absence)).toBe('done');
    expect(receiver.copies.take(old)).toBe('refused');
    expect(receiver.idOf('a')).toBe(0);
  });
  test('a state that a shared slot refused is taken after a new read', () => {
    const [a, b] = collidingKeys(receiver.store, 2);
    primary.send(set(a!, 'A') + set(b!, 'B'));
    const stateOfA = primary.read(a!);
    receiver.copies.take(primary.read(b!));
    expect(receiver.copies.take(stateOfA)).toBe('refused');
    expect(receiver.copies.take(primary.read(a!))).toBe('done');
    expect(show(receiver, a!)).toBe(show(primary, a!));
    expect(show(receiver, b!)).toBe(show(primary, b!));
  });
  test('a read number beyond 2^32 is above all lower ones', () => {
    primary.send(set('a', 'old'));
    const old = primary.read('a');
    primary.copies.raiseSequence(1, 0);
    primary.send(set('a', 'new'));
    const newer = primary.read('a');
    expect(newer).toMatchObject({ readHigh: 1, readLow: 2, casHigh: 1, casLow: 1 });
    expect(receiver.copies.take(newer)).toBe('done');
    expect(receiver.copies.take(old)).toBe('refused');
    expect(show(receiver, 'a')).toBe(show(primary, 'a'));
  });
  test('a receiver draws only numbers above those that it has taken', () => {
    primary.copies.raiseSequence(3, 4_000_000_000);
    sendAndCopy('a', set('a', 'x'));
    receiver.send(set('b', 'y'));
    expect(receiver.read('b')).toMatchObject({ casHigh: 3, casLow: 4_000_000_004 });
  });
  test('a new primary skips 2^24 numbers, also across 2^32', () => {
    receiver.copies.raiseSequence(2, 2 ** 32 - 5);
    receiver.copies.skipSequence();
    expect(receiver.read('a')).toMatchObject({ readHigh: 3, readLow: 2 ** 24 - 4 });
    receiver.copies.skipSequence();
    expect(receiver.read('a')).toMatchObject({ readHigh: 3, readLow: 2 ** 25 - 3 });
  });
});
