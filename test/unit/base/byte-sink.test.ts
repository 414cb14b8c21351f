import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/byte-sink.ts';

const textOf = (sink: ByteSink): string => sink.bytes.toString('latin1', 0, sink.at);

describe('a byte sink', () => {
  test('a sink appends what each method puts, in order', () => {
    const sink = new ByteSink(100);
    const source = Buffer.from('0123456789'.repeat(4));
    sink.putByte(0x41);
    sink.putConstant(Buffer.from('-const-'));
    sink.putRange(source, 1, 4);
    sink.putRange(source, 2, 2);
    sink.putRange(source, 5, 35);
    sink.putText('-t\xff-');
    sink.putDecimal(42);
    expect(textOf(sink)).toBe(`A-const-123${source.toString('latin1', 5, 35)}-t\xff-42`);
  });
  test('a sink keeps what is written when it grows, and doubles at least', () => {
    const sink = new ByteSink(4);
    sink.putText('abcd');
    const before = sink.bytes;
    sink.ensure(0);
    expect(sink.bytes).toBe(before);
    sink.ensure(1);
    expect([textOf(sink), sink.bytes.length]).toEqual(['abcd', 8]);
    sink.ensure(100);
    expect([textOf(sink), sink.bytes.length]).toEqual(['abcd', 104]);
  });
  test('a sink grows for a text that has no room', () => {
    const sink = new ByteSink(1);
    sink.putText('a long text');
    expect(textOf(sink)).toBe('a long text');
  });
  test('a sink has a view of the same bytes, also after it grew or was swapped', () => {
    const sink = new ByteSink(8);
    const write = (text: string): void => {
      sink.view.setUint32(0, Buffer.from(text).readUInt32BE());
      sink.at = 4;
      expect(textOf(sink)).toBe(text);
    };
    write('abcd');
    sink.ensure(100);
    write('efgh');
    sink.swap(Buffer.from('###########').subarray(3));
    write('ijkl');
  });
  test('a sink gives its buffer away and continues at the start of the next', () => {
    const sink = new ByteSink(8);
    sink.putText('full');
    const next = Buffer.alloc(16);
    const full = sink.swap(next);
    expect(full.toString('latin1', 0, 4)).toBe('full');
    expect([sink.at, sink.bytes]).toEqual([0, next]);
    sink.putText('new');
    expect([textOf(sink), full.toString('latin1', 0, 4)]).toEqual(['new', 'full']);
  });
  test('a sink takes ranges of another, of every length around the limits of its loops', () => {
    const source = new ByteSink(1000);
    for (let i = 0; i < 1000; i++) source.putByte((i * 7) & 255);
    for (const length of [0, 1, 7, 8, 9, 16, 23, 255, 256, 257, 700]) {
      for (const start of [0, 3]) {
        const sink = new ByteSink(800);
        sink.putText('xy');
        sink.putViewed(source, start, start + length);
        sink.putText('z');
        const expected = source.bytes.subarray(start, start + length).toString('latin1');
        expect(textOf(sink), `${length} bytes from ${start}`).toBe(`xy${expected}z`);
      }
    }
  });
});

test.each([0, 9, 10, 99, 100, 999, 1000, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])(
  'the number %d is put in decimal',
  (value) => {
    const sink = new ByteSink(20);
    sink.putByte(0x23);
    sink.putDecimal(value);
    expect(textOf(sink)).toBe(`#${value}`);
  },
);
