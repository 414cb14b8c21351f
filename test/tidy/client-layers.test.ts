import { describe, expect, test } from 'vitest';
import { type Import, importsOf } from './imports.ts';
import { codeIn, textOf } from './tree.ts';

/**
 * The folders of the client, from the lowest layer to the highest. A folder imports only folders of
 * lower layers: two folders of one layer do not know each other.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['option-types'],
  ['option-tables'],
  ['values', 'connection'],
  ['observe', 'discovery'],
  ['routing'],
  ['operations'],
  ['patterns'],
  // The files of the client outside of folders: what programs create, and the door of the room.
  ['.'],
];

/** The folder of a file of the client; undefined for other files. */
function folderOf(file: string): string | undefined {
  const [, folder] = /^src\/client\/(?:([^/]+)\/)?[^/]+$/.exec(file) ?? [];
  return file.startsWith('src/client/') ? (folder ?? '.') : undefined;
}

const layerOf = (folder: string): number => LAYERS.findIndex((layer) => layer.includes(folder));

/** Imports of a folder of the same layer or of a higher one. */
const upward = (imports: readonly Import[]): readonly string[] =>
  imports.flatMap(({ file, target }) => {
    const [from, to] = [folderOf(file), folderOf(target)];
    if (from === undefined || to === undefined || from === to) return [];
    return layerOf(to) < layerOf(from) ? [] : [`${file}: ${from}/ may not import ${target}`];
  });

const files = codeIn('src/client');

describe('layers of the client', () => {
  test('a folder imports only folders of lower layers', () => {
    expect(upward(files.flatMap((file) => importsOf(file, textOf(file))))).toEqual([]);
  });
  test('every folder has a layer, and every layer folders', () => {
    const folders = new Set(files.map(folderOf));
    expect([...folders].sort()).toEqual(LAYERS.flat().sort());
  });
});

describe('the rule of layers fails', () => {
  const importsIn = (file: string, target: string): readonly string[] =>
    upward(importsOf(file, `import type { A } from '${target}';`));
  test('the rule fails on an import of a higher layer, of the same one, and of the door', () => {
    const file = 'src/client/values/x.ts';
    for (const [target, path] of [
      ['../routing/target.ts', 'src/client/routing/target.ts'],
      ['../connection/node.ts', 'src/client/connection/node.ts'],
      ['../cache-client.ts', 'src/client/cache-client.ts'],
    ] as const) {
      expect(importsIn(file, target)).toEqual([`${file}: values/ may not import ${path}`]);
    }
  });
  test('the rule accepts an import of a lower layer, of its own folder, or of another room', () => {
    for (const target of ['../base/errors.ts', './keys.ts', '../../topology/index.ts']) {
      expect(importsIn('src/client/values/x.ts', target)).toEqual([]);
    }
  });
});
