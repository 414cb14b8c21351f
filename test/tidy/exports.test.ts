import { describe, expect, test } from 'vitest';
import { tradeOf, unusedExports } from './exports.ts';
import { codeIn, FILES, textOf } from './tree.ts';

const ADAPTERS = codeIn('src/adapters').filter((file) => !file.startsWith('src/adapters/shared/'));
/** The modules that the pool loads by their paths. */
const JOBS = [
  'src/node/threads/serve-job.ts',
  'src/node/threads/maintain-job.ts',
  'src/node/threads/guest-job.ts',
  'src/ops/snapshot/snapshot-job.ts',
  'src/cluster/node/fill-job.ts',
  'src/cluster/thread/thread-cluster.ts',
  'src/proxy/thread-proxy.ts',
];
/** The public entry points of the package, and the jobs. */
/** The exports of the WebAssembly module. */
const MODULE = 'src/fast-path/assembly/index.ts';
const DOORS = ['src/client.ts', 'src/server.ts', ...ADAPTERS, ...JOBS, MODULE];

const ownTest = (file: string): string =>
  file.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts');

/** The unused exports of `src`, where a file's own unit test counts as a user. */
function unusedIn(files: Readonly<Record<string, string>>): readonly string[] {
  const trades = Object.entries(files).map(([file, code]) => tradeOf(file, code));
  const source = trades.filter(({ file }) => file.startsWith('src/'));
  const tests = new Map(trades.map((trade) => [trade.file, trade]));
  const unused = new Set(unusedExports(source, DOORS));
  return [...unused].filter((name) => {
    const used = tests.get(ownTest(name.split(' › ')[0]!))?.used ?? [];
    return !used.includes(name);
  });
}

describe('exports', () => {
  test('another file of src, or the unit test of its name, uses each export', () => {
    const files = [...codeIn('src'), ...codeIn('test/unit')];
    const texts = Object.fromEntries(files.map((file) => [file, textOf(file)]));
    expect([...unusedIn(texts)].sort()).toEqual([]);
  });
  test('the public entry points exist', () => {
    for (const door of DOORS) expect(FILES).toContain(door);
  });
});

describe('unused exports', () => {
  test('unused exports are found in every form of an export', () => {
    const code = [
      'export function a() {}',
      'export class B {}',
      'export const c = 1, d = 2;',
      'export const { e, f: g } = x;',
      'export interface H {}',
      'export type I = 1;',
      'const j = 1; export { j, j as k };',
      'export default 1;',
      'const inner = 1; function local() {}',
    ].join('\n');
    const names = ['a', 'B', 'c', 'd', 'e', 'g', 'H', 'I', 'j', 'k', 'default'];
    expect(unusedIn({ 'src/x.ts': code })).toEqual(names.map((name) => `src/x.ts › ${name}`));
  });
  test('an export is used after an import of any form', () => {
    for (const use of [
      `import { a } from './x.ts';`,
      `import { a as b } from './x.ts';`,
      `import type { a } from './x.ts';`,
      `import * as x from './x.ts';`,
      `type A = import('./x.ts').a;`,
      `type A = import('./x.ts').a.b;`,
      `const { a } = await import('./x.ts');`,
    ]) {
      expect(unusedIn({ 'src/x.ts': 'export const a = 1;', 'src/y.ts': use }), use).toEqual([]);
    }
    const other = { 'src/x.ts': 'export const a = 1;', 'src/y.ts': `import { b } from './x.ts';` };
    expect(unusedIn(other)).toEqual(['src/x.ts › a']);
  });
  test('an export stays unused when it is only exported again', () => {
    const files = {
      'src/x.ts': 'export const a = 1; export const b = 2;',
      'src/index.ts': `export { a, b as c } from './x.ts';`,
    };
    const all = ['src/x.ts › a', 'src/x.ts › b', 'src/index.ts › a', 'src/index.ts › c'];
    expect(unusedIn(files)).toEqual(all);
    const user = { 'src/y/z.ts': `import { c } from '../index.ts';` };
    expect(unusedIn({ ...files, ...user })).toEqual(['src/x.ts › a', 'src/index.ts › a']);
    const door = { 'src/client.ts': `export { a } from './index.ts';` };
    expect(unusedIn({ ...files, ...door })).toEqual(['src/x.ts › b', 'src/index.ts › c']);
  });
  test('an export stays unused when only a test uses it that is not its own', () => {
    const code = { 'src/base/x.ts': 'export const a = 1;' };
    const use = `import { a } from '../../../src/base/x.ts';`;
    expect(unusedIn({ ...code, 'test/unit/base/y.test.ts': use })).toEqual(['src/base/x.ts › a']);
    expect(unusedIn({ ...code, 'test/unit/base/x.test.ts': use })).toEqual([]);
  });
});
