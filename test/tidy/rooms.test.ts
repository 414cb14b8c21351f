import { describe, expect, test } from 'vitest';
import { cyclesIn, type Import, importsOf, packagesOf } from './imports.ts';
import { codeIn, textOf } from './tree.ts';

/** The rooms of docs/architecture.md: each room, and the rooms that it may import. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  topology: ['base'],
  protocol: ['base', 'topology'],
  store: ['base'],
  commands: ['base', 'protocol', 'store'],
  'fast-path': ['base', 'protocol', 'store', 'commands'],
  server: ['base', 'topology', 'protocol', 'store', 'commands', 'fast-path'],
  node: ['base', 'topology', 'protocol', 'store', 'commands', 'fast-path', 'server'],
  ops: ['base', 'protocol', 'store', 'commands', 'node'],
  client: ['base', 'topology', 'protocol'],
  // The client's public entry point is above its room: adapters know what users know.
  'client.ts': ['client'],
  adapters: ['client.ts'],
  cluster: ['base', 'topology', 'protocol', 'store', 'commands', 'server', 'node', 'client'],
  proxy: ['base', 'topology', 'protocol', 'server', 'node', 'client'],
  control: ['base', 'topology', 'server', 'client', 'cluster', 'ops'],
  cli: [
    'base',
    'topology',
    'protocol',
    'store',
    'commands',
    'server',
    'node',
    'ops',
    'client',
    'cluster',
    'proxy',
    'control',
  ],
};
/** Other rooms import only the index of a room; protocol has a second entry, for clients. */
const DOORS = new Set(Object.keys(MAY_IMPORT).map((room) => `src/${room}/index.ts`))
  .add('src/protocol/client.ts')
  .add('src/protocol/peer.ts')
  .add('src/cluster/member.ts')
  .add('src/proxy/main.ts')
  .add('src/client.ts');

const roomOf = (file: string): string => /^src\/(client\.ts$|[^/]+(?=\/))/.exec(file)?.[1] ?? '';

/** Imports of rooms that a room may not know. */
const upward = (imports: readonly Import[]): readonly string[] =>
  imports
    .filter(({ file, isPackage }) => !isPackage && roomOf(file) !== '')
    .filter(({ file, target }) => roomOf(target) !== roomOf(file))
    .filter(({ file, target }) => !MAY_IMPORT[roomOf(file)]?.includes(roomOf(target)))
    .map(({ file, target }) => `${file}: ${roomOf(file)}/ may not import ${target}`);

/** Imports of another room that pass its door by. */
const pastDoors = (imports: readonly Import[]): readonly string[] =>
  imports
    .filter(({ file, target, isPackage }) => !isPackage && roomOf(target) !== roomOf(file))
    .filter(({ target }) => !DOORS.has(target))
    .map(({ file, target }) => `${file}: ${target} is not a door of ${roomOf(target)}/`);

const files = codeIn('src');
const imports = files.flatMap((file) => importsOf(file, textOf(file)));

describe('rooms', () => {
  test('a room imports only the rooms below it', () => {
    expect(upward(imports)).toEqual([]);
  });
  test('other rooms import only the index of a room', () => {
    expect(pastDoors(imports)).toEqual([]);
  });
  test('the store exports no word of its memory', () => {
    const words =
      /\b(FLAG|SEGMENT|TOTAL|CONTROL|CLASS|ITEM|STRIPES|(un)?lock|\w+Locks|assemble)\b/g;
    expect(textOf('src/store/index.ts').match(words)).toBeNull();
  });
  test('every folder of src is a known room, and every known room a folder', () => {
    const rooms = new Set(files.map(roomOf).filter((room) => room !== ''));
    expect([...rooms].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });
  test('imports have no cycles', () => {
    expect(cyclesIn(imports)).toEqual([]);
  });
  test('the client imports only the package hashring', () => {
    expect(packagesOf('src/client.ts', imports)).toEqual(['hashring']);
  });
});

describe('the rules of rooms fail', () => {
  const importsIn = (file: string, ...lines: string[]): readonly Import[] =>
    importsOf(file, lines.join('\n'));
  test('the rules fail on an import of a room above, however it is written', () => {
    const file = 'src/store/x.ts';
    for (const line of [
      `import { a } from '../server/index.ts';`,
      `import type { A } from '../server/index.ts';`,
      `export { a } from '../server/index.ts';`,
      `export * from '../server/index.ts';`,
      `const a = await import('../server/index.ts');`,
      `type A = import('../server/index.ts').A;`,
    ]) {
      expect(upward(importsIn(file, line)), line).toEqual([
        'src/store/x.ts: store/ may not import src/server/index.ts',
      ]);
    }
    expect(upward(importsIn(file, `import { a } from '../base/index.ts';`))).toEqual([]);
    expect(upward(importsIn(file, `const a = "from '../server/index.ts'";`))).toEqual([]);
  });
  test('the rules fail on an import past the door of a room', () => {
    const found = importsIn('src/store/x.ts', `import { a } from '../base/bytes.ts';`);
    expect(pastDoors(found)).toEqual(['src/store/x.ts: src/base/bytes.ts is not a door of base/']);
  });
  test('the rules fail on a cycle of imports', () => {
    const found = ['a', 'b', 'c'].flatMap((name, at) =>
      importsIn(`src/base/${name}.ts`, `import { x } from './${'bca'[at]}.ts';`),
    );
    expect(cyclesIn(found)).toEqual([
      'src/base/a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts',
    ]);
    expect(cyclesIn(found.slice(1))).toEqual([]);
  });
  test('the rules fail on a package that the client reaches through another file', () => {
    const found = [
      ...importsIn('src/client.ts', `export { a } from './a.ts';`, `import 'node:net';`),
      ...importsIn('src/a.ts', `import pino from 'pino';`, `import { c } from './client.ts';`),
    ];
    expect(packagesOf('src/client.ts', found)).toEqual(['pino']);
  });
});
