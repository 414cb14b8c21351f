import { describe, expect, test } from 'vitest';
import { KeyCodec } from '../../../../src/client/values/keys.ts';

const plain = new KeyCodec('', 'refuse');
const hashed = new KeyCodec('app:', 'hash');
const refused = expect.objectContaining({ code: 'ERR_KEY', mayHaveRun: false });

describe('keys in mode refuse', () => {
  test.each(['a', 'x'.repeat(250), 'é'.repeat(125), '😀', '~', '!'])(
    'mode refuse sends %j unchanged',
    (key) => {
      expect(plain.toWire(key)).toBe(key);
    },
  );
  test.each(['', 'a b', 'a\r', '\u007f', 'x'.repeat(251), 'é'.repeat(126), '\ud800', 5, undefined])(
    'mode refuse refuses %j',
    (key) => {
      expect(() => plain.toWire(key as string)).toThrow(refused);
    },
  );
});

describe('a namespace', () => {
  const named = new KeyCodec('app:', 'refuse');
  test('a namespace precedes the key and counts towards its length', () => {
    expect(named.toWire('a')).toBe('app:a');
    expect(named.toWire('x'.repeat(246))).toHaveLength(250);
    for (const key of ['', 'x'.repeat(247), 5]) {
      expect(() => named.toWire(key as string)).toThrow(refused);
    }
  });
  test.each(['a b', 'x'.repeat(151), '\ud800'])('the namespace %j is rejected', (namespace) => {
    const argumentError = expect.objectContaining({ code: 'ERR_ARGUMENT' });
    expect(() => new KeyCodec(namespace, 'refuse')).toThrow(argumentError);
  });
});

describe('keys in mode hash', () => {
  test('a key that the protocol can carry is not hashed', () => {
    expect(hashed.toWire('a')).toBe('app:a');
  });
  test.each(['a b', 'x'.repeat(300), 'line\r\nget b', '#sha256:mine'])(
    'mode hash hashes %j',
    (key) => {
      const wire = hashed.toWire(key);
      expect(wire).toMatch(/^app:#sha256:[\w-]{43}$/);
      expect(hashed.toWire(key)).toBe(wire);
    },
  );
  test('a key that looks like a digest does not collide with the hashed key', () => {
    const digest = hashed.toWire('a b').slice('app:'.length);
    expect(hashed.toWire(digest)).not.toBe(hashed.toWire('a b'));
  });
  test.each(['', '\ud800', 5])('mode hash refuses %j', (key) => {
    expect(() => hashed.toWire(key as string)).toThrow(refused);
  });
});
