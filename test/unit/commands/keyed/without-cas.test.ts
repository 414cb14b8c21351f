import { expect, test } from 'vitest';
import { SessionHarness, testShare } from '../../../support/session-harness.ts';

/** What memcached 1.6.45 replies with -C, in this order. */
const CONVERSATION: readonly (readonly [request: string, reply: string])[] = [
  ['set a 0 0 1\r\n1', 'STORED'],
  ['gets a', 'VALUE a 0 1 0\r\n1\r\nEND'],
  ['cas a 0 0 1 0\r\n2', 'EXISTS'],
  ['cas a 0 0 1 5\r\n3', 'EXISTS'],
  ['gets a', 'VALUE a 0 1 0\r\n1\r\nEND'],
  ['cas zz 0 0 1 0\r\n3', 'NOT_FOUND'],
  ['mg a c v', 'VA 1 c0\r\n1'],
  ['ms a 1 c\r\n4', 'HD c0'],
  ['ms a 1 C0 c\r\n5', 'EX c0'],
  ['ms a 1 C7 c\r\n6', 'EX c0'],
  ['ms a 1 E9 c\r\n6', 'HD c0'],
  ['mg a c v', 'VA 1 c0\r\n6'],
  ['ms a 1 C9 c\r\n7', 'EX c0'],
  ['ma a c', 'HD c0'],
  ['ma a C0 c', 'HD c0'],
  ['ma a C5 c', 'EX'],
  ['ma a E4 c', 'HD c0'],
  ['mg a c', 'HD c0'],
  ['md a C0', 'HD'],
  ['ms a 1\r\n1', 'HD'],
  ['md a C8', 'EX'],
  ['md a I T30', 'HD'],
  ['mg a c v t', 'VA 1 c0 t30 X W\r\n1'],
  ['mg b N30 c', 'HD c0 W'],
  ['mg b N30 c', 'HD c0 Z'],
  ['incr a 1', '2'],
  ['append a 0 0 1\r\n1', 'STORED'],
  ['gats 0 a', 'VALUE a 0 2 0\r\n21\r\nEND'],
  ['ms a 1 I C1\r\n3', 'EX'],
];

test('a node with -C shows every CAS id as 0, and no cas succeeds', () => {
  const session = new SessionHarness(testShare({ disableCas: true }));
  for (const [request, reply] of CONVERSATION) {
    const bytes = Buffer.from(`${request}\r\n`);
    expect([request, session.feed(bytes).reply]).toEqual([request, `${reply}\r\n`]);
  }
});

test('a binary request gets the CAS id 0, too', () => {
  const session = new SessionHarness(testShare({ disableCas: true }));
  const header = `80010001080000000000000a${'0'.repeat(24)}`;
  const set = Buffer.from(`${header}${'0'.repeat(16)}6b76`, 'hex');
  const reply = Buffer.from(session.feed(set).reply, 'latin1');
  expect(reply.subarray(6, 8).toString('hex')).toBe('0000');
  expect(reply.subarray(16, 24).toString('hex')).toBe('0'.repeat(16));
});
