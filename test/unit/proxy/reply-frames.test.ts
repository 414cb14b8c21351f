import { describe, expect, test } from 'vitest';
import { BadReply, ReplyFrames } from '../../../src/proxy/reply-frames.ts';
import { everyCut, pieces } from '../../support/cuts.ts';

function framesOf(isBinary: boolean, parts: readonly Uint8Array[]): readonly string[] {
  const replies: string[] = [];
  const frames = new ReplyFrames(isBinary, (reply) => void replies.push(reply.toString('latin1')));
  for (const part of parts) frames.feed(Buffer.from(part), part.length);
  return replies;
}

const header = (bodyBytes: number): string => {
  const bytes = Buffer.alloc(24);
  bytes[0] = 0x81;
  bytes.writeUInt32BE(bodyBytes, 8);
  return bytes.toString('latin1');
};

describe('the replies in what a node sends', () => {
  const cases: readonly (readonly [string, boolean, readonly string[]])[] = [
    ['lines', false, ['STORED\r\n', 'END\r\n', '5\r\n', 'HD\r\n', 'NF\n']],
    [
      'values whose bytes look like replies',
      false,
      [
        'VALUE a 0 5\r\nEND\r\n\r\nVALUE bb 12 0 77\r\n\r\nEND\r\n',
        'VA 4 c1\r\nVA 9\r\n',
        'EN\r\n',
      ],
    ],
    ['an error in place of the end', false, ['VALUE a 0 1\r\nx\r\nSERVER_ERROR no\r\n', 'OK\r\n']],
    ['packets', true, [header(0), `${header(3)}abc`, header(0)]],
  ];
  test.each(cases)('all replies are found however they are cut: %s', (_, isBinary, replies) => {
    const wire = Buffer.from(replies.join(''), 'latin1');
    for (const cuts of everyCut(wire)) {
      expect(framesOf(isBinary, pieces(wire, cuts)), `cut at ${cuts.join()}`).toEqual(replies);
    }
  });

  test('a value larger than many reads arrives whole', () => {
    const value = 'x'.repeat(1_000_000);
    const reply = `VALUE a 0 ${value.length}\r\n${value}\r\nEND\r\n`;
    const wire = Buffer.from(`${reply}OK\r\n`);
    const cuts = Array.from({ length: 15 }, (_, nth) => (nth + 1) * 65_536);
    expect(framesOf(false, pieces(wire, cuts))).toEqual([reply, 'OK\r\n']);
  });

  test.each([
    ['a value without a size', false, 'VALUE a 0\r\n'],
    ['a size that is no number', false, 'VA x1\r\n'],
    ['a line without an end', false, 'x'.repeat(9000)],
    ['text on a binary connection', true, 'ERROR\r\n'],
    ['a reply that is too long', false, `VA 99999999\r\n${'x'.repeat(70_000_000)}`],
  ])('%s is no reply', (_, isBinary, wire) => {
    expect(() => framesOf(isBinary, [Buffer.from(wire)])).toThrow(BadReply);
  });
});
