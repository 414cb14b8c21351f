import { describe, expect, test } from 'vitest';
import { KeyCodec } from '../../../src/client/values/keys.ts';

const plain = new KeyCodec('', 'refuse');
const hashed = new KeyCodec('app:', 'hash');
const refused = expect.objectContaining({ code: 'ERR_KEY', mayHaveRun: false });

describe('keys as they are', () => {
  test.each(['a', 'x'.repeat(250), 'é'.repeat(125), '😀', '~', '!'])('%j is sent', (key) => {
    expect(plain.onWire(key)).toBe(key);
  });
  test.each(['', 'a b', 'a\r', '\u007f', 'x'.repeat(251), 'é'.repeat(126), '\ud800', 5, undefined])(
    '%j is refused',
    (key) => {
      expect(() => plain.onWire(key as string)).toThrow(refused);
    },
  );
});

describe('a namespace', () => {
  const named = new KeyCodec('app:', 'refuse');
  test('stands in front, and counts', () => {
    expect(named.onWire('a')).toBe('app:a');
    expect(named.onWire('x'.repeat(246))).toHaveLength(250);
    for (const key of ['', 'x'.repeat(247), 5]) {
      expect(() => named.onWire(key as string)).toThrow(refused);
    }
  });
  test.each(['a b', 'x'.repeat(151), '\ud800'])('%j is none', (namespace) => {
    const wrong = expect.objectContaining({ code: 'ERR_ARGUMENT' });
    expect(() => new KeyCodec(namespace, 'refuse')).toThrow(wrong);
  });
});

describe('keys that are hashed', () => {
  test('only where they must be', () => {
    expect(hashed.onWire('a')).toBe('app:a');
  });
  test.each(['a b', 'x'.repeat(300), 'line\r\nget b', '#sha256:mine'])('%j', (key) => {
    const wire = hashed.onWire(key);
    expect(wire).toMatch(/^app:#sha256:[\w-]{43}$/);
    expect(hashed.onWire(key)).toBe(wire);
  });
  test('nobody can name another’s digest', () => {
    const digest = hashed.onWire('a b').slice('app:'.length);
    expect(hashed.onWire(digest)).not.toBe(hashed.onWire('a b'));
  });
  test.each(['', '\ud800', 5])('%j is refused all the same', (key) => {
    expect(() => hashed.onWire(key as string)).toThrow(refused);
  });
});
