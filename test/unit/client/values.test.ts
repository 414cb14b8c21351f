import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { BYTES_FLAG, CUSTOM_FLAG, JSON_FLAG, ZSTD_FLAG } from '../../../src/client/values/flags.ts';
import { type Serializer, ValueCodec } from '../../../src/client/values/value-codec.ts';
import { Reply } from '../../../src/protocol/client.ts';
import { Random } from '../../support/random.ts';

/** A reply that holds this value, in a buffer that others use, too. */
function replyOf(value: string | Uint8Array, flags: number): Reply {
  const bytes = Buffer.from(value as string);
  const shared = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')]);
  const reply = new Reply();
  reply.reset('value');
  reply.setValue(shared, 6, 6 + bytes.length, false);
  reply.flags = flags;
  return reply;
}

async function roundTrip(codec: ValueCodec, value: unknown): Promise<unknown> {
  const encoded = await codec.encode(value);
  return codec.decode(replyOf(encoded.value, encoded.flags));
}

const plain = new ValueCodec();
const packing = new ValueCodec(undefined, { thresholdBytes: 100, level: 3 });
/** Text that hardly compresses: another thread packs and unpacks it. */
const manyLetters = new Random(5).bytes(100_000).toString('base64');
const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

describe.each([
  ['plain', plain],
  ['compressing', packing],
])('%s: values come back as what they were', (_, codec) => {
  test.each([
    '',
    'grüße\r\n',
    'x'.repeat(5000),
    'y'.repeat(100_000),
    5,
    -1.5,
    true,
    false,
    null,
    { deep: [1, { two: 'drei' }] },
    Array.from({ length: 1000 }, (_, i) => i),
  ])('%j', async (value) => {
    expect(await roundTrip(codec, value)).toEqual(value);
  });
  test('bytes, of any length', async () => {
    for (const value of [bytes, new Uint8Array(0), new Uint8Array(100_000).fill(7)]) {
      const back = (await roundTrip(codec, value)) as Uint8Array;
      expect(Buffer.from(back).equals(value)).toBe(true);
    }
  });
});

describe('flags', () => {
  test.each([
    ['text', 'x', 0],
    ['bytes', bytes, BYTES_FLAG],
    ['the rest', { a: 1 }, JSON_FLAG],
  ])('of %s', (_, value, flags) => {
    expect(plain.encode(value)).toMatchObject({ flags });
  });
  test('a number is its digits, so that counters count on', () => {
    expect(plain.encode(41)).toEqual({ value: '41', flags: JSON_FLAG });
    expect(plain.decode(replyOf('42', JSON_FLAG))).toBe(42);
  });
  test('of others: text', () => {
    for (const flags of [1, 2, 16, 0xffff]) expect(plain.decode(replyOf('42', flags))).toBe('42');
  });
  test('only what becomes smaller is compressed', () => {
    const noise = Uint8Array.from({ length: 200 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 255);
    expect(packing.encode('x'.repeat(99))).toMatchObject({ flags: 0 });
    expect(packing.encode('x'.repeat(100))).toMatchObject({ flags: ZSTD_FLAG });
    expect(packing.encode({ a: 'x'.repeat(100) })).toMatchObject({
      flags: (ZSTD_FLAG | JSON_FLAG) >>> 0,
    });
    const { value, flags } = packing.encode(noise) as { value: Uint8Array; flags: number };
    if (flags === BYTES_FLAG) expect(value).toBe(noise);
    else expect(value.length).toBeLessThan(noise.length);
  });
  test('who does not compress reads what others compressed', async () => {
    const { value, flags } = await packing.encode('x'.repeat(50_000));
    expect(await plain.decode(replyOf(value, flags))).toBe('x'.repeat(50_000));
    const raw = await plain.decodeBytes(replyOf(value, flags));
    expect(raw).toHaveLength(50_000);
  });
});

describe('what Python and Ruby compressed by zlib', () => {
  test.each([8, 24, 10, 12, 2])(
    'with flags %i is text; its bytes are as they are',
    async (flags) => {
      for (const text of ['12345', 'grüße '.repeat(100), manyLetters]) {
        const packed = deflateSync(text);
        expect(await plain.decode(replyOf(packed, flags))).toBe(text);
        expect(await plain.decodeBytes(replyOf(packed, flags))).toEqual(packed);
      }
    },
  );
  test.each([0, 1, 4, 9, 48, 80])('flags %i do not say so', (flags) => {
    const packed = deflateSync('text');
    expect(plain.decode(replyOf(packed, flags))).toBe(packed.toString());
  });
  test('other clients mean other things by the same flags', () => {
    for (const text of ['', '8', '{"a":1}', '1.5', 'x', 'xx']) {
      for (const flags of [2, 8]) expect(plain.decode(replyOf(text, flags))).toBe(text);
    }
  });
  test('a stream that is cut off is unreadable, small or large', async () => {
    const unreadable = { code: 'ERR_VALUE' };
    const cut = deflateSync('text').subarray(0, -1);
    expect(() => plain.decode(replyOf(cut, 24))).toThrow(expect.objectContaining(unreadable));
    const large = deflateSync(manyLetters).subarray(0, -1);
    await expect(plain.decode(replyOf(large, 24))).rejects.toMatchObject(unreadable);
  });
});

describe('a serializer', () => {
  const dates: Serializer = {
    serialize: (value) => (value as Date).toISOString(),
    deserialize: (raw) => new Date(Buffer.from(raw).toString()),
  };
  const codec = new ValueCodec(dates);
  test('makes what is neither text nor bytes', async () => {
    const date = new Date(0);
    expect(codec.encode(date)).toEqual({ value: date.toISOString(), flags: CUSTOM_FLAG });
    expect(await roundTrip(codec, date)).toEqual(date);
    expect(await roundTrip(codec, 'text')).toBe('text');
    expect(codec.decode(replyOf('{"a":1}', JSON_FLAG))).toEqual({ a: 1 });
  });
});

describe('what cannot be', () => {
  test.each([undefined, () => 1, Symbol('x')])('%o has no JSON', (value) => {
    expect(() => plain.encode(value)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  });
  test.each([
    ['JSON that is none', '{', JSON_FLAG],
    ['a frame that is none', 'x', ZSTD_FLAG],
    ['a serializer that nobody has', 'x', CUSTOM_FLAG],
  ])('%s is unreadable', (_, text, flags) => {
    const unreadable = expect.objectContaining({ code: 'ERR_VALUE' });
    expect(() => plain.decode(replyOf(text, flags))).toThrow(unreadable);
  });
  test('a large frame that is none is unreadable, too', async () => {
    const reading = plain.decode(replyOf('x'.repeat(50_000), ZSTD_FLAG));
    await expect(reading).rejects.toMatchObject({ code: 'ERR_VALUE' });
  });
});
