import { describe, expect, test } from 'vitest';
import { MalformedReply, Reply } from '../../../../src/protocol/client/reply.ts';
import { ReplyInput } from '../../../../src/protocol/client/reply-input.ts';
import { everyCut, pieces } from '../../../support/cuts.ts';

/** An input that has all bytes. */
function inputOf(text: string): ReplyInput {
  const input = new ReplyInput();
  const bytes = Buffer.from(text, 'latin1');
  input.feed(bytes, bytes.length);
  return input;
}

function takeLine(input: ReplyInput): string | undefined {
  const end = input.lineEnd();
  return end < 0 ? undefined : input.takeLine(end);
}

/** Reads a line, then values of the given lengths, from pieces in a buffer that is reused. */
function readPieces(parts: readonly Uint8Array[], lengths: readonly number[]): readonly string[] {
  const socketBuffer = Buffer.alloc(1 << 16);
  const input = new ReplyInput();
  const found: string[] = [];
  const reply = new Reply();
  for (const part of parts) {
    socketBuffer.set(part);
    input.feed(socketBuffer, part.length);
    for (let more = true; more; ) {
      if (found.length === 0) {
        const end = input.lineEnd();
        more = end >= 0;
        if (more) found.push(input.takeLine(end));
      } else {
        const length = lengths[found.length - 1];
        more = length !== undefined && input.takeValue(length, reply);
        if (more) found.push(reply.text());
      }
    }
    input.releasePiece();
    socketBuffer.fill('?');
  }
  expect(input.hasUnreadBytes).toBe(false);
  return found;
}

describe('the input of replies', () => {
  test('the input gives the same line and values wherever the bytes are cut', () => {
    const wire = Buffer.from('VA 5\r\nhello\r\n\r\na\r\nb\r\n');
    for (const cuts of everyCut(wire)) {
      const found = readPieces(pieces(wire, cuts), [5, 0, 4]);
      expect(found, `cuts ${cuts}`).toEqual(['VA 5', 'hello', '', 'a\r\nb']);
    }
  });
  test('the input skips a value that is too long, wherever the bytes are cut', () => {
    const wire = Buffer.from('VA 5\r\nhello\r\nnext\r\n\r\n');
    for (const cuts of everyCut(wire)) {
      const input = new ReplyInput(4);
      const reply = new Reply();
      const found: string[] = [];
      const socketBuffer = Buffer.alloc(64);
      const steps = [
        () => takeLine(input),
        () => (input.takeValue(5, reply) ? `${reply.isSkipped} ${reply.valueBytes}` : undefined),
        () => {
          if (!input.takeValue(4, reply)) return undefined;
          return `${reply.isSkipped} ${reply.text()}`;
        },
      ];
      for (const part of pieces(wire, cuts)) {
        socketBuffer.set(part);
        input.feed(socketBuffer, part.length);
        for (let at = found.length; at < steps.length; at++) {
          const step = steps[at]!();
          if (step === undefined) break;
          found.push(step);
          reply.reset('done');
        }
        expect(input.hasUnreadBytes || found.length === 3 || input.at === input.end).toBe(true);
        input.releasePiece();
        socketBuffer.fill('?');
      }
      expect(found, `cuts ${cuts}`).toEqual(['VA 5', 'true 5', 'false next']);
    }
  });
  test('the input owns a value that came in pieces, and lends one that came whole', () => {
    const whole = new Reply();
    inputOf('ab\r\n').takeValue(2, whole);
    expect(whole.ownsBytes).toBe(false);
    const input = inputOf('a');
    const partial = new Reply();
    expect(input.takeValue(2, partial)).toBe(false);
    expect(input.hasUnreadBytes).toBe(true);
    input.feed(Buffer.from('b\r\nrest'), 7);
    expect(input.takeValue(2, partial)).toBe(true);
    expect([partial.ownsBytes, partial.text()]).toEqual([true, 'ab']);
    expect(input.bytes.toString('latin1', input.at, input.end)).toBe('rest');
  });
  test('the input takes a value without CRLF where there is none', () => {
    const input = inputOf('abc');
    const reply = new Reply();
    expect(input.takeValue(2, reply, 0)).toBe(true);
    expect([reply.text(), input.hasUnreadBytes]).toEqual(['ab', true]);
    const cut = inputOf('a');
    expect(cut.takeValue(2, reply, 0)).toBe(false);
    cut.feed(Buffer.from('bc'), 2);
    expect([cut.takeValue(2, reply, 0), reply.text()]).toEqual([true, 'ab']);
  });
  test('the input waits for a line of 4096 bytes, and no longer', () => {
    expect(inputOf('x'.repeat(4096)).lineEnd()).toBe(-1);
    expect(() => inputOf('x'.repeat(4097)).lineEnd()).toThrow(MalformedReply);
    expect(inputOf(`${'x'.repeat(5000)}\r\n`).lineEnd()).toBe(5000);
  });
  test('the input finds the end of short and long lines', () => {
    for (const length of [0, 1, 62, 63, 64, 65, 200]) {
      expect(inputOf(`${'x'.repeat(length)}\r\nnext\r\n`).lineEnd()).toBe(length);
    }
  });
  test('the input ignores bytes after the length of the piece', () => {
    const input = new ReplyInput();
    input.feed(Buffer.from(`${'x'.repeat(100)}\r\n`), 99);
    expect(input.lineEnd()).toBe(-1);
  });
  test.each(['\n', 'abc\n', 'a\r\rb\n', '\nabc\r\n'])(
    'the input rejects %j, a line without CRLF',
    (text) => {
      expect(() => inputOf(text).lineEnd()).toThrow('a line without CRLF');
    },
  );
  test('the input rejects a value with other bytes after it, whole or in pieces', () => {
    for (const [first, second] of [
      ['abXY', ''],
      ['a', 'bXY'],
      ['ab\r', 'X'],
      ['ab\n\r', ''],
    ]) {
      const input = inputOf(first!);
      const read = (): boolean => input.takeValue(2, new Reply());
      const readAll = (): void => {
        read();
        input.feed(Buffer.from(second!), second!.length);
        read();
      };
      expect(readAll, JSON.stringify([first, second])).toThrow('without CRLF after it');
    }
  });
  test('the input rejects a value over 1 GiB before it takes memory for it', () => {
    const input = inputOf('a');
    expect(() => input.takeValue(2 ** 30 + 1, new Reply())).toThrow('a value of 1073741825 bytes');
  });
});
