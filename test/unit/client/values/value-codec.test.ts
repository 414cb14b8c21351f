import { runInNewContext } from 'node:vm';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Serializer } from '../../../../src/client/base/serializer.ts';
import {
  BYTES_FLAG,
  CUSTOM_FLAG,
  JSON_FLAG,
  ZSTD_FLAG,
} from '../../../../src/client/values/flags.ts';
import { ValueCodec } from '../../../../src/client/values/value-codec.ts';
import { Reply } from '../../../../src/protocol/client.ts';
import { Random } from '../../../support/random.ts';

/** A reply with this value, in a buffer that contains other bytes too. */
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
const compressing = new ValueCodec(undefined, { minBytes: 100, level: 3 });
/** Text that hardly compresses: another thread compresses and decompresses it. */
const longText = new Random(5).bytes(100_000).toString('base64');
const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);

describe.each([
  ['plain', plain],
  ['compressing', compressing],
])('%s: decodes what it encodes', (_, codec) => {
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
  ])('round trip of %j', async (value) => {
    expect(await roundTrip(codec, value)).toEqual(value);
  });
  test('round trip of bytes of any length', async () => {
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
    ['other values', { a: 1 }, JSON_FLAG],
  ])('the flags mark %s', (_, value, flags) => {
    expect(plain.encode(value)).toMatchObject({ flags });
  });
  test('a number is stored as its digits, so that counters work', () => {
    expect(plain.encode(41)).toEqual({ value: '41', flags: JSON_FLAG });
    expect(plain.decode(replyOf('42', JSON_FLAG))).toBe(42);
  });
  test('unknown flags decode as text', () => {
    for (const flags of [1, 2, 16, 0xffff]) expect(plain.decode(replyOf('42', flags))).toBe('42');
  });
  test('a value is compressed only if it becomes smaller', () => {
    const noise = Uint8Array.from({ length: 200 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 255);
    expect(compressing.encode('x'.repeat(99))).toMatchObject({ flags: 0 });
    expect(compressing.encode('x'.repeat(100))).toMatchObject({ flags: ZSTD_FLAG });
    expect(compressing.encode({ a: 'x'.repeat(100) })).toMatchObject({
      flags: (ZSTD_FLAG | JSON_FLAG) >>> 0,
    });
    const { value, flags } = compressing.encode(noise) as { value: Uint8Array; flags: number };
    if (flags === BYTES_FLAG) expect(value).toBe(noise);
    else expect(value.length).toBeLessThan(noise.length);
  });
  test('a codec without compression decodes compressed values', async () => {
    const { value, flags } = await compressing.encode('x'.repeat(50_000));
    expect(await plain.decode(replyOf(value, flags))).toBe('x'.repeat(50_000));
    const raw = await plain.decodeBytes(replyOf(value, flags));
    expect(raw).toHaveLength(50_000);
  });
});

describe('values that Python and Ruby clients compressed with zlib', () => {
  test.each([8, 24, 10, 12, 2])(
    'flags %i: decodes the text; decodeBytes returns the compressed bytes',
    async (flags) => {
      for (const text of ['12345', 'grüße '.repeat(100), longText]) {
        const compressed = deflateSync(text);
        expect(await plain.decode(replyOf(compressed, flags))).toBe(text);
        expect(await plain.decodeBytes(replyOf(compressed, flags))).toEqual(compressed);
      }
    },
  );
  test.each([0, 1, 4, 9, 48, 80])('flags %i do not mark a zlib stream', (flags) => {
    const compressed = deflateSync('text');
    expect(plain.decode(replyOf(compressed, flags))).toBe(compressed.toString());
  });
  test('a value without a zlib header is text, in spite of its flags', () => {
    for (const text of ['', '8', '{"a":1}', '1.5', 'x', 'xx']) {
      for (const flags of [2, 8]) expect(plain.decode(replyOf(text, flags))).toBe(text);
    }
  });
  test('a truncated stream is unreadable, small or large', async () => {
    const unreadable = { code: 'ERR_VALUE' };
    const cut = deflateSync('text').subarray(0, -1);
    expect(() => plain.decode(replyOf(cut, 24))).toThrow(expect.objectContaining(unreadable));
    const large = deflateSync(longText).subarray(0, -1);
    await expect(plain.decode(replyOf(large, 24))).rejects.toMatchObject(unreadable);
  });
});

describe('a serializer', () => {
  const dates: Serializer = {
    serialize: (value) => (value as Date).toISOString(),
    deserialize: (raw) => new Date(Buffer.from(raw).toString()),
  };
  const codec = new ValueCodec(dates);
  test('a serializer converts values other than text and bytes', async () => {
    const date = new Date(0);
    expect(codec.encode(date)).toEqual({ value: date.toISOString(), flags: CUSTOM_FLAG });
    expect(await roundTrip(codec, date)).toEqual(date);
    expect(await roundTrip(codec, 'text')).toBe('text');
    expect(codec.decode(replyOf('{"a":1}', JSON_FLAG))).toEqual({ a: 1 });
  });
});

describe('bytes', () => {
  const memory = Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
  const shared = new SharedArrayBuffer(8);
  new Uint8Array(shared).set(memory);
  test.each([
    ['an ArrayBuffer', memory.buffer, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['a SharedArrayBuffer', shared, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['a DataView', new DataView(memory.buffer, 2, 3), [2, 3, 4]],
    ['an Int16Array', new Int16Array(memory.buffer, 4, 1), [4, 5]],
    ['a Uint8ClampedArray', new Uint8ClampedArray(memory.buffer, 7), [7]],
    ['a Uint8Array of another realm', runInNewContext('Uint8Array.of(9)'), [9]],
  ])('%s is stored as its bytes', async (_, value, expected) => {
    expect(plain.encode(value)).toMatchObject({ flags: BYTES_FLAG });
    expect([...((await roundTrip(plain, value)) as Uint8Array)]).toEqual(expected);
  });
  test('memory that was transferred, or a view out of its bounds, is no value', () => {
    const [bytes, view] = [new Uint8Array(8), new DataView(new ArrayBuffer(8))];
    const short = new ArrayBuffer(8, { maxByteLength: 8 });
    const beyond = [new Uint8Array(short, 4, 4), new DataView(short, 4, 4)];
    structuredClone(bytes, { transfer: [bytes.buffer, view.buffer] });
    short.resize(4);
    for (const value of [bytes, view, bytes.buffer, ...beyond]) {
      expect(() => plain.encode(value)).toThrow(expect.objectContaining(NOT_SENT));
    }
  });
  test('another thread compresses a copy, so the bytes of the call are stored', async () => {
    const value = new Uint8Array(100_000).fill(7);
    const encoding = compressing.encode(value);
    value.fill(8);
    const { value: frame, flags } = await encoding;
    const stored = (await plain.decode(replyOf(frame, flags))) as Uint8Array;
    expect(stored.every((byte) => byte === 7)).toBe(true);
  });
});

const NOT_SENT = { code: 'ERR_VALUE', mayHaveRun: false };

describe('what a serializer returns', () => {
  const codecOf = (serialized: unknown) => {
    const serialize = () => {
      if (serialized instanceof Error) throw serialized;
      return serialized as string;
    };
    return new ValueCodec({ serialize, deserialize: () => Promise.reject(new Error('late')) });
  };
  test.each([undefined, null, 5, {}, Promise.resolve('x'), [1], new Error('a bug')])(
    '%o is neither text nor bytes: the call fails',
    (serialized) => {
      expect(() => codecOf(serialized).encode({})).toThrow(expect.objectContaining(NOT_SENT));
    },
  );
  test('a value that no check can read fails with a code', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const value of [proxy, Object.create(Uint8Array.prototype)]) {
      const failure = { code: 'ERR_VALUE', mayHaveRun: false };
      expect(() => plain.encode(value)).toThrow(expect.objectContaining(failure));
    }
  });

  test('any view of memory is bytes', () => {
    expect(codecOf(new DataView(new ArrayBuffer(3))).encode({})).toEqual({
      value: new Uint8Array(3),
      flags: CUSTOM_FLAG,
    });
  });
  test('a promise of deserialize that rejects is an unreadable value', async () => {
    const reading = codecOf('x').decode(replyOf('x', CUSTOM_FLAG));
    await expect(reading).rejects.toMatchObject({ code: 'ERR_VALUE', mayHaveRun: true });
  });
  test('the serializer gets typed arrays and dates, whose type it may keep', () => {
    const seen: unknown[] = [];
    const serialize = (value: unknown) => `${seen.push(value)}`;
    const codec = new ValueCodec({ serialize, deserialize: () => undefined });
    const values = [new Float32Array(1), new Date(0), new Map()];
    for (const value of values) codec.encode(value);
    expect(seen).toEqual(values);
  });
});

describe('values without a meaning', () => {
  test.each([undefined, () => 1, Symbol('x')])('%o has no JSON', (value) => {
    expect(() => plain.encode(value)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  });
  test.each([
    ['invalid JSON', '{', JSON_FLAG],
    ['an invalid zstd frame', 'x', ZSTD_FLAG],
    ['a value of a missing serializer', 'x', CUSTOM_FLAG],
  ])('%s is unreadable', (_, text, flags) => {
    const unreadable = expect.objectContaining({ code: 'ERR_VALUE' });
    expect(() => plain.decode(replyOf(text, flags))).toThrow(unreadable);
  });
  test('a large invalid zstd frame is unreadable', async () => {
    const reading = plain.decode(replyOf('x'.repeat(50_000), ZSTD_FLAG));
    await expect(reading).rejects.toMatchObject({ code: 'ERR_VALUE' });
  });
});
