import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { decodeBase64, putBase64 } from '../../../../src/protocol/text/base64.ts';
import { Random, testSeed } from '../../../support/random.ts';

/** Decodes text that stands between other characters of the alphabet. */
function decode(text: string): string | undefined {
  const target = Buffer.alloc(300, '?');
  const source = Buffer.from(`AA${text}AA`, 'latin1');
  const length = decodeBase64(source, 2, 2 + text.length, target);
  return length === 0 ? undefined : target.toString('latin1', 0, length);
}

function encode(bytes: Buffer): string {
  const sink = new ByteSink(500);
  putBase64(
    sink,
    Buffer.concat([Buffer.from('##'), bytes, Buffer.from('##')]),
    2,
    2 + bytes.length,
  );
  return sink.bytes.toString('latin1', 0, sink.at);
}

describe('the decoder of base64', () => {
  test.each([
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
    ['YWJjZA==', 'abcd'],
    ['+/+/', '\xfb\xff\xbf'],
    ['Y W\tJ\nj', 'abc'],
    ['YWI=YWI=', 'ab'],
    ['YR==', 'a'],
    ['AAAA', '\0\0\0'],
  ])('the decoder decodes %j', (text, expected) => expect(decode(text)).toBe(expected));
  test.each(['', 'Y', 'YQ', 'YQ=', 'YWJjZ', '====', 'Y===', '!!!!', 'YWI-', '    '])(
    'the decoder rejects %j',
    (text) => expect(decode(text)).toBeUndefined(),
  );
});

const seed = testSeed();
test(`base64 equals that of Node.js for every length, seed ${seed}`, () => {
  const random = new Random(seed);
  for (let length = 1; length <= 250; length++) {
    const bytes = Buffer.from(Array.from({ length }, () => random.int(0, 255)));
    expect(encode(bytes)).toBe(bytes.toString('base64'));
    expect(decode(encode(bytes))).toBe(bytes.toString('latin1'));
  }
});
