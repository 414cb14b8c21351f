import { describe, expect, test } from 'vitest';
import { FILES, textOf } from './tree.ts';

const MACHINE_PATH = /(^|[^\w.])\/(work|farm|home|root|Users)\/\w/;
const REGISTRY = new RegExp(['registry.npm', 'npm.pkg.'].map((name) => `${name}[a-z]`).join('|'));

/** The lines that name a path of one machine, or a package registry. */
const privateLines = (file: string, text: string): readonly string[] =>
  text
    .split('\n')
    .flatMap((line, at) =>
      MACHINE_PATH.test(line) || REGISTRY.test(line) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
    );

describe('committed files', () => {
  const texts = FILES.filter((file) => /\.(ts|js|json|md|ya?ml|sh)$|Dockerfile|\.ci/.test(file));
  test('no file names a path of a machine or a package registry', () => {
    expect(texts.flatMap((file) => privateLines(file, textOf(file)))).toEqual([]);
  });
  test('no lock file names download addresses', () => {
    const locks = FILES.filter((file) => file.endsWith('package-lock.json'));
    expect(locks).toHaveLength(2);
    for (const lock of locks) expect(textOf(lock)).not.toContain('"resolved"');
  });
  test('the rule fails on a path of a machine and on a registry', () => {
    const path = ['', 'home', 'me', 'x'].join('/');
    expect(privateLines('a.md', `first\n see ${path}`)).toEqual([`a.md:2: see ${path}`]);
    expect(privateLines('a.md', ['https://registry.npm', 'js.org'].join(''))).toHaveLength(1);
    expect(privateLines('a.md', 'the homework of src/home/index')).toEqual([]);
  });
});
