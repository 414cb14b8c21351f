import { describe, expect, test } from 'vitest';
import { MalformedReply, ReplyReader, type ReplyShape } from '../../../src/protocol/client.ts';
import { everyCut, pieces } from '../../support/cuts.ts';

const item = (key: string, flags: number, text: string, cas?: bigint): object => {
  return { key, flags, bytes: Buffer.from(text), cas };
};

const REPLIES: readonly (readonly [wire: string, shape: ReplyShape, reply: object])[] = [
  ['STORED\r\n', 'line', { kind: 'line', line: 'STORED' }],
  ['END\r\n', 'values', { kind: 'values', items: [] }],
  ['VALUE a 5 3\r\nabc\r\nEND\r\n', 'values', { kind: 'values', items: [item('a', 5, 'abc')] }],
  [
    'VALUE a 0 0 7\r\n\r\nVALUE b 1 9 18446744073709551615\r\nEND\r\nx\r\ny\r\nEND\r\n',
    'values',
    {
      kind: 'values',
      items: [item('a', 0, '', 7n), item('b', 1, 'END\r\nx\r\ny', 2n ** 64n - 1n)],
    },
  ],
  [
    'SERVER_ERROR out of memory\r\n',
    'values',
    { kind: 'refused', line: 'SERVER_ERROR out of memory' },
  ],
  ['ERROR\r\n', 'line', { kind: 'refused', line: 'ERROR' }],
  [
    'STAT pid 1\r\nSTAT version 1 2\r\nEND\r\n',
    'stats',
    {
      kind: 'stats',
      stats: new Map([
        ['pid', '1'],
        ['version', '1 2'],
      ]),
    },
  ],
];

describe('a reply is the same however its bytes are cut', () => {
  for (const [wire, shape, reply] of REPLIES) {
    test(JSON.stringify(wire), () => {
      const bytes = Buffer.from(wire);
      for (const cuts of everyCut(bytes)) {
        const reader = new ReplyReader();
        const parts = pieces(bytes, cuts);
        for (const [index, piece] of parts.entries()) {
          reader.push(Buffer.from(piece));
          const whole = index === parts.length - 1;
          expect(reader.next(shape), `cut at ${cuts}, piece ${index}`).toEqual(
            whole ? reply : undefined,
          );
        }
        expect(reader.hasLeft).toBe(false);
      }
    });
  }
});

test.each<[string, ReplyShape]>([
  ['STORED\n', 'line'],
  ['VALUE a 0 x\r\n', 'values'],
  ['VALUE a 0 3\r\nabcd\r\nEND\r\n', 'values'],
  ['VALUE a 0 99999999999\r\n', 'values'],
  ['VALUE a 0 1 x\r\na\r\n', 'values'],
  ['STORED\r\n', 'values'],
  ['VALUE a 0 1\r\nx\r\n', 'stats'],
  ['x'.repeat(5000), 'line'],
])('%j is no reply of %s', (wire, shape) => {
  const reader = new ReplyReader();
  reader.push(Buffer.from(wire));
  expect(() => reader.next(shape)).toThrow(MalformedReply);
});
