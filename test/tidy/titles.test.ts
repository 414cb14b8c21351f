import { describe, expect, test } from 'vitest';
import { titlesWithoutSubject } from './titles.ts';
import { codeIn, textOf } from './tree.ts';

describe('titles', () => {
  test('the title of a test does not begin with a verb, an auxiliary or a preposition', () => {
    expect(codeIn('test').flatMap((file) => titlesWithoutSubject(file, textOf(file)))).toEqual([]);
  });
});

describe('the rule of titles', () => {
  test('the rule fails on a title that lacks its subject, however the test is registered', () => {
    const code = [
      `test('evicts the item', f);`,
      `test.each([1])('is %i', f);`,
      `test.skipIf(x).each(y)(\`of \${z}\`, f);`,
      `test('one', f);`,
    ].join('\n');
    const titles = ['evicts the item', 'is %i', 'of …', 'one'];
    expect(titlesWithoutSubject('x.ts', code)).toEqual(titles.map((title) => `x.ts › ${title}`));
  });
  test('the rule accepts a title with a subject, a name alone and the titles of groups', () => {
    const code = `test('the store evicts', f); test('%s', f); describe('is', f); lookup('is');`;
    expect(titlesWithoutSubject('x.ts', code)).toEqual([]);
  });
});
