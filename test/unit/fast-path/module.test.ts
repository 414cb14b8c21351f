import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { constantsModule } from '../../../src/fast-path/constants.ts';
import { loadModule } from '../../../src/fast-path/module.ts';
import { temporaryFolder } from '../../support/folder.ts';

const LAYOUT = constantsModule();
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A length as WebAssembly writes it: 7 bits in each byte, the lowest first. */
function leb128(length: number): readonly number[] {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...leb128(length >>> 7)];
}

/** A module that has nothing but the section with its layout. */
function moduleOf(layout: string): Uint8Array {
  const name = Buffer.from('layout');
  const content = [name.length, ...name, ...Buffer.from(layout)];
  return Uint8Array.from([...HEADER, 0, ...leb128(content.length), ...content]);
}

describe('loadModule', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder.remove());

  const load = async (bytes: Uint8Array | undefined) => {
    if (bytes !== undefined) await writeFile(join(folder.path, 'memory32.wasm'), bytes);
    return loadModule('memory32', pathToFileURL(`${folder.path}/`));
  };

  test('loadModule refuses a missing file, and says how to build it', async () => {
    const { module, refusal } = await load(undefined);
    expect(module).toBeUndefined();
    expect(refusal).toMatch(/^cannot read .*memory32\.wasm: run npm run build:fast-path$/);
  });
  test('loadModule compiles a module of the same layout', async () => {
    const { module, refusal } = await load(moduleOf(LAYOUT));
    expect(refusal).toBeUndefined();
    expect(String(module)).toBe('[object WebAssembly.Module]');
  });
  test('loadModule refuses a module of another layout, or without one', async () => {
    for (const bytes of [moduleOf(`${LAYOUT}// changed`), Uint8Array.from(HEADER)]) {
      const { module, refusal } = await load(bytes);
      expect(module).toBeUndefined();
      expect(refusal).toMatch(/is of another version of the program: run npm run build:fast-path$/);
    }
  });
  test('loadModule refuses a file that is no WebAssembly', async () => {
    const { module, refusal } = await load(Buffer.from('<html>'));
    expect(module).toBeUndefined();
    expect(refusal).toMatch(/does not compile \(.*\): run npm run build:fast-path$/);
  });
});
