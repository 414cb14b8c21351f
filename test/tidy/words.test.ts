import { describe, expect, test } from 'vitest';
import { FILES, textOf } from './tree.ts';
import { forbiddenWords, wordsFound } from './words.ts';

const GLOSSARY = 'docs/glossary.md';
const FORBIDDEN = forbiddenWords(textOf(GLOSSARY));

describe('forbidden words', () => {
  test('no source, test, message or page uses a forbidden word of the glossary', () => {
    // Recorded data keeps its words, and this rule's own files must name some.
    const exempt = /^(test\/.*\/golden\/|test\/tidy\/words|package-lock\.json)/;
    const files = FILES.filter((file) => /\.(ts|js|c|md|json|ya?ml)$|^\.ci\//.test(file)).filter(
      (file) => file !== GLOSSARY && !exempt.test(file),
    );
    expect(files.flatMap((file) => wordsFound(file, textOf(file), FORBIDDEN))).toEqual([]);
  });
  test('the glossary lists them in its last section', () => {
    expect(FORBIDDEN.length).toBeGreaterThan(20);
    expect(FORBIDDEN).toContain('whoever');
  });
});

describe('the rule of forbidden words', () => {
  const found = (text: string): readonly string[] =>
    wordsFound('x', text, ['whoever', 'stand-in', 'at the most', 'aside']);
  test('the rule fails on a word, a phrase, and a phrase that a line or comment divides', () => {
    expect(found('a\nWhoever reads')).toEqual(['x:2: Whoever']);
    expect(found('at the most')).toEqual(['x:1: at the most']);
    expect(found(' * at the\n   * most')).toEqual(['x:1: at the * most']);
    expect(found('// at\n  // the most')).toEqual(['x:1: at // the most']);
  });
  test('the rule fails on a compound name', () => {
    for (const name of ['standInOf', 'STAND_IN', 'this.#standIn', 'stand-in', 'const standIn =']) {
      expect(found(name), name).toHaveLength(1);
    }
  });
  test('the rule accepts words that contain a forbidden one', () => {
    expect(found('cache-aside, standing in, asides, at mostly, what the most')).toEqual([]);
  });
  test('the rule reads the words in backticks of the last section only', () => {
    const glossary = '`no`\n## Forbidden words and phrases\n\n`one`, `two\nthree` four\n';
    expect(forbiddenWords(glossary)).toEqual(['one', 'two\nthree']);
    expect(() => forbiddenWords('# Glossary')).toThrow('no section');
  });
});
