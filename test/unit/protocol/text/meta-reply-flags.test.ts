import { describe, expect, test } from 'vitest';
import { MalformedReply, Reply } from '../../../../src/protocol/client/reply.ts';
import { MetaFlags } from '../../../../src/protocol/text/meta-reply-flags.ts';

/** Reads the flags of a line into a reply that had other flags before. */
function read(line: string): { readonly reply: Reply; readonly flags: MetaFlags } {
  const reply = new Reply();
  const flags = new MetaFlags();
  flags.read(Buffer.from(' O99 f99'), 0, 8, reply);
  reply.reset('value');
  const bytes = Buffer.from(`##${line} O5`, 'latin1');
  flags.read(bytes, 2, 2 + line.length, reply);
  return { reply, flags };
}

describe('the flags of a meta reply', () => {
  test('the flags fill the fields of the reply', () => {
    const { reply, flags } = read(' O7 f4294967295 c18446744073709551615 t-1 s12 h1 l9 W X');
    expect(flags.opaque).toBe(7);
    expect(reply).toMatchObject({
      flags: 4294967295,
      cas: 18446744073709551615n,
      ttl: -1,
      sizeBytes: 12,
      wasRead: true,
      idleSeconds: 9,
      wonLease: true,
      leaseHeldByOther: false,
      isStale: true,
    });
    expect(read(' h0 Z').reply).toMatchObject({ wasRead: false, leaseHeldByOther: true });
  });
  test('the flags leave other fields as the reset made them', () => {
    const { reply, flags } = read('');
    expect(flags.opaque).toBe(-1);
    expect(reply).toMatchObject({ flags: 0, cas: undefined, ttl: undefined, wonLease: false });
  });
  test('the flags may be unknown, and a blank may end the line', () => {
    const { reply, flags } = read(' kname b Pproxy! O8 ');
    expect([flags.opaque, reply.flags]).toEqual([8, 0]);
  });
  test.each(['O1', ' O', ' Ox', ' O-', ' f1f2', ' W1', ' t5x'])(
    'the flags are malformed in %j',
    (line) => expect(() => read(line)).toThrow(MalformedReply),
  );
});

describe('the length before the flags', () => {
  const lengthOf = (line: string): number =>
    new MetaFlags().readValue(Buffer.from(line), 0, line.length, new Reply());
  test('the length is a number of up to ten digits', () => {
    expect(lengthOf(' 0')).toBe(0);
    expect(lengthOf(' 9999999999 O1')).toBe(9_999_999_999);
  });
  test.each(['', '5', ' ', ' x', ' 10000000000', ' 5x'])(
    'the length is missing or wrong in %j',
    (line) => {
      expect(() => lengthOf(line)).toThrow(MalformedReply);
    },
  );
});
