import { beforeEach, describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import type { Taken } from '../../../../src/store/copies/item-copies.ts';
import { audit } from '../../../support/audit.ts';
import { type CopyNode, newPair, set, show, valueText } from '../../../support/copy-node.ts';

const LARGE = 'v'.repeat(700_000);

let primary: CopyNode;
let receiver: CopyNode;
beforeEach(() => {
  ({ primary, receiver } = newPair());
});

/** Sends a request to the primary, and the state of the key after it to the receiver. */
function sendAndCopy(key: string, request: string): void {
  primary.send(request);
  const taken: Taken = receiver.copies.take(primary.read(key));
  expect(taken).toBe('done');
}

describe('reading a state', () => {
  test('a key without an item has the state of an absence with a read number', () => {
    const state = primary.read('a');
    expect(state.exists).toBe(false);
    expect(state.readLow).toBe(1);
  });
  test('a state has value, flags, expiry and sequence number of its item', () => {
    primary.send(set('a', 'x', 100, 7));
    primary.wait(30);
    const state = primary.read('a');
    expect(state).toMatchObject({ exists: true, clientFlags: 7, casHigh: 0, casLow: 1 });
    const { clock } = primary.parts;
    expect(state.expiry).toBe(clock.epoch() + clock.now() + 70);
    expect(state).toMatchObject({ idleSeconds: 30, ownCas: false, readHigh: 0, readLow: 2 });
    expect(valueText(state)).toBe('x');
  });
  test('every read of a key draws a higher read number', () => {
    const numbers = [1, 2, 3].map(() => primary.read('a').readLow);
    expect(numbers).toEqual([1, 2, 3]);
  });
  test('an expired item is an absence, and no get is counted', () => {
    primary.send(set('a', 'x', 5));
    primary.wait(5);
    expect(primary.read('a').exists).toBe(false);
    expect(primary.parts.sums.thread('get_expired')).toBe(0);
  });
  test('a flushed item is an absence, and no get is counted', () => {
    primary.send(`${set('a', 'x')}flush_all\r\n`);
    expect(primary.read('a').exists).toBe(false);
    expect(primary.parts.sums.thread('get_flushed')).toBe(0);
  });
  test('a read appends the value to what the sink has', () => {
    primary.send(set('a', 'a'.repeat(5000)) + set('b', 'b'));
    const sink = new ByteSink(16);
    const states = ['a', 'b', 'a'].map((key) => primary.read(key, sink));
    expect(states.map(({ valueStart }) => valueStart)).toEqual([0, 5000, 5001]);
    expect(states.map(valueText)).toEqual(['a'.repeat(5000), 'b', 'a'.repeat(5000)]);
  });
  test('a large value is read whole, and its item is not pinned after it', () => {
    const value = 'large '.repeat(LARGE.length / 6);
    primary.send(set('a', value));
    expect(primary.parts.items.isChained(primary.idOf('a'))).toBe(true);
    expect(valueText(primary.read('a'))).toBe(value);
    expect(primary.parts.items.isPinned(primary.idOf('a'))).toBe(false);
  });
});

describe('taking a state', () => {
  const requests: readonly (readonly [string, string])[] = [
    ['a value', set('a', 'value')],
    ['an empty value', set('a', '')],
    ['client flags and a ttl', set('a', 'value', 100, 0xffff_ffff)],
    ['a CAS id of its own', 'ms a 5 E18446744073709551615\r\nvalue\r\n'],
    ['client flags and a CAS id of its own', 'ms a 5 E77 F9\r\nvalue\r\n'],
    ['a value that a client has fetched', `${set('a', 'value')}get a\r\n`],
    ['a stale value', `${set('a', 'value')}md a I\r\n`],
    ['a stale value and its lease', `${set('a', 'value')}md a I\r\nmg a\r\n`],
    ['a placeholder', 'mg a N30\r\n'],
    ['a counter', 'set a 0 0 2\r\n99\r\nincr a 1\r\n'],
    ['a value of 20 KiB', set('a', 'v'.repeat(20 << 10))],
    ['a chained value', set('a', LARGE, 100, 9)],
    ['a chained value with its own CAS id', `ms a ${LARGE.length} E5\r\n${LARGE}\r\n`],
  ];
  test.each(requests)('the receiver has %s as the primary has it', (_name, request) => {
    sendAndCopy('a', request);
    expect(show(receiver, 'a')).toBe(show(primary, 'a'));
    expect(audit(receiver.parts)).toEqual([]);
  });
  test.each(requests)('%s replaces any other value', (_name, request) => {
    for (const [name, earlier] of requests) {
      primary.send('delete a\r\n');
      sendAndCopy('a', earlier);
      primary.send('delete a\r\n');
      sendAndCopy('a', request);
      expect(show(receiver, 'a'), name).toBe(show(primary, 'a'));
    }
    expect(audit(receiver.parts)).toEqual([]);
  });
  test('a key that a client sent in base64 stays one', () => {
    sendAndCopy('abc', 'ms YWJj 1 b\r\nx\r\n');
    expect(receiver.send('mg YWJj b k v\r\n')).toBe('VA 1 kYWJj b\r\nx\r\n');
  });
  test('an item expires at the same Unix time at the receiver', () => {
    primary.send(set('a', 'x', 100));
    for (const node of [primary, receiver]) node.wait(40);
    receiver.copies.take(primary.read('a'));
    receiver.wait(59);
    expect(show(receiver, 'a', 't')).toBe('HD t1\r\n');
    receiver.wait(1);
    expect(show(receiver, 'a', 'v')).toBe('EN\r\n');
  });
  test('an absence removes the item', () => {
    sendAndCopy('a', set('a', 'x'));
    sendAndCopy('a', 'delete a\r\n');
    expect(receiver.idOf('a')).toBe(0);
  });
  test('a taken item has the flag of a copy, also in place of an own item', () => {
    receiver.send(set('a', 'own') + set('b', 'own but of another size class'));
    for (const key of ['a', 'b', 'c']) sendAndCopy(key, set(key, 'new'));
    expect(['a', 'b', 'c'].map((key) => receiver.isCopy(key))).toEqual([true, true, true]);
  });
});
