import { expect, test } from 'vitest';
import { itemKey } from '../../../../src/adapters/shared/item-key.ts';

test('a short visible key stays as it is', () => {
  expect(itemKey('p:', 'user:7')).toBe('p:user:7');
  expect(itemKey('p:', 'k'.repeat(100))).toBe(`p:${'k'.repeat(100)}`);
});

test('any other key becomes a hash of its own, which the protocol can carry', () => {
  const keys = [
    '',
    ' ',
    'a b',
    'ä',
    'a\n',
    'k'.repeat(101),
    '\ud800',
    '\ud801',
    '\ufffd',
    '#sha256:x',
  ];
  const all = new Set(keys.map((key) => itemKey('p:', key)));
  expect(all.size).toBe(keys.length);
  for (const key of all) expect(key).toMatch(/^p:#sha256:[\w-]{43}$/);
  expect(all).not.toContain(itemKey('p:', itemKey('', 'ä')));
});
