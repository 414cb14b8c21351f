import { describe, expect, test } from 'vitest';
import { fileSize, functionSizes, overLimit } from './sizes.ts';
import { codeIn, textOf } from './tree.ts';

const FUNCTION_LINES_MAX = 50;
const FILE_LINES_MAX = 300;
/** No entry of the ratchet may take a file of `src` over this. */
const SOURCE_LINES_MAX = 400;

/** Longer functions, and why; each entry may only shrink. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'src/node/control/settings.ts › settingsOf': 67, // a table of the settings
  'test/differential/binary/scenarios.ts › flatMap': 56, // a table of packets
};

/** Longer files; each entry may only shrink. */
const LONG_FILES: Readonly<Record<string, number>> = {
  'test/differential/cases/meta.ts': 480, // tables of commands
  'test/differential/known-differences.ts': 305, // a table of differences
  'test/integration/client/connect.test.ts': 400,
  'test/integration/client/discovery.test.ts': 330,
  'test/integration/client/faults.test.ts': 310,
  'test/integration/client/patterns/get-or-set.test.ts': 310,
  'test/integration/server/login.test.ts': 370,
  'test/unit/protocol/client-dialects.test.ts': 390,
  'test/unit/server/large-values.test.ts': 320,
};

const files = ['src', 'test', 'benchmarks'].flatMap(codeIn);
const fileSizes = files.map((file) => fileSize(file, textOf(file)));

describe('sizes', () => {
  test(`a function has at most ${FUNCTION_LINES_MAX} lines`, () => {
    const sizes = files.flatMap((file) => functionSizes(file, textOf(file), FUNCTION_LINES_MAX));
    expect(overLimit(sizes, FUNCTION_LINES_MAX, LONG_FUNCTIONS)).toEqual([]);
  });
  test(`a file has at most ${FILE_LINES_MAX} lines`, () => {
    expect(overLimit(fileSizes, FILE_LINES_MAX, LONG_FILES)).toEqual([]);
  });
  test(`a file of src never has more than ${SOURCE_LINES_MAX} lines`, () => {
    const tooLong = fileSizes
      .filter(({ name, lines }) => name.startsWith('src/') && lines > SOURCE_LINES_MAX)
      .map(({ name }) => name);
    expect(tooLong).toEqual([]);
  });
});

describe('functionSizes', () => {
  const lines = (count: number): string => 'f();\n'.repeat(count);
  const sizesOf = (code: string): Readonly<Record<string, number>> =>
    Object.fromEntries(functionSizes('x.ts', code).map((size) => [size.name, size.lines]));

  test('functionSizes names functions, methods, fields and callbacks', () => {
    const code = [
      `function plain() {\n${lines(1)}}`,
      `const arrow = () => {\n${lines(2)}};`,
      `class A {\n method() {\n${lines(3)}}\n #hidden() {\n${lines(4)}}\n`,
      ` field = () => {\n${lines(5)}}}`,
      `const o = { own() {\n${lines(6)}}, [k]: () => {\n${lines(7)}} };`,
      `list.map(() => {\n${lines(8)}});`,
      `test('a title', async () => {\n${lines(9)}});`,
      `export default () => {\n${lines(10)}};`,
    ].join('\n');
    expect(sizesOf(code)).toEqual({
      'x.ts › plain': 3,
      'x.ts › arrow': 4,
      'x.ts › method': 5,
      'x.ts › #hidden': 6,
      'x.ts › field': 7,
      'x.ts › own': 8,
      'x.ts › k': 9,
      'x.ts › map': 10,
      'x.ts › a title': 11,
      'x.ts › anonymous': 12,
    });
  });
  test('functionSizes leaves out what is short', () => {
    const code = `function a() {\n${lines(3)}}\nfunction b() {\n${lines(4)}\nlist.map(() => {\n})}`;
    expect(functionSizes('x.ts', code, 5).map(({ name }) => name)).toEqual(['x.ts › b']);
  });
  test('functionSizes measures each test, but not the groups that register tests', () => {
    const each = `test.each(rows)('two', () => {\n${lines(40)}});`;
    const group = `test('one', () => {\n${lines(30)}});\n${each}`;
    for (const open of [
      "describe('x', () => {",
      "describe.skipIf(no)('x', () => {",
      'each(() => {',
    ]) {
      expect(sizesOf(`${open}\n${group}\n});`)).toEqual({
        'x.ts › one': 32,
        'x.ts › two': 42,
      });
    }
  });
});

describe('overLimit', () => {
  const sizes = [
    { name: 'short', lines: 10 },
    { name: 'long', lines: 60 },
  ];
  test('overLimit fails on what is over the limit and not listed', () => {
    expect(overLimit(sizes, 50, {})).toEqual(['long: 60 lines, at most 50']);
    expect(overLimit(sizes, 60, {})).toEqual([]);
  });
  test('overLimit fails on what grew over its entry', () => {
    expect(overLimit(sizes, 50, { long: 59 })).toEqual(['long: 60 lines, at most 59']);
    expect(overLimit(sizes, 50, { long: 60 })).toEqual([]);
  });
  test('overLimit fails on an entry that nothing needs, or that is far too large', () => {
    expect(overLimit(sizes, 60, { long: 60 })).toEqual([
      'long: within the limit; remove its entry',
    ]);
    expect(overLimit(sizes, 50, { long: 60, gone: 70 })).toEqual([
      'gone: within the limit; remove its entry',
    ]);
    expect(overLimit(sizes, 50, { long: 80 })).toEqual([]);
    expect(overLimit(sizes, 50, { long: 81 })).toEqual(['long: 60 lines; lower its entry']);
  });
});
