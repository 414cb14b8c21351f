import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { constantsModule } from '../../../src/fast-path/constants.ts';
import { ID_UNIT_BYTES, PAGE_BYTES } from '../../../src/store/memory/item-layout.ts';

const ASSEMBLY = new URL('../../../src/fast-path/assembly/', import.meta.url);

/** The value of each constant, by name. */
const constants = new Map(
  [...constantsModule().matchAll(/^export const (\w+): \w+ = (\S+);$/gm)].map(([, name, value]) => [
    name!,
    value!,
  ]),
);

function textOf(name: string): string {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(constants.get(`TEXT_${name}`)!), 0);
  bytes.writeBigUInt64LE(BigInt(constants.get(`TEXT_${name}_REST`)!), 8);
  return bytes.toString('latin1', 0, Number(constants.get(`TEXT_${name}_BYTES`)));
}

describe('constants of the fast path', () => {
  test('every line declares one constant, and no name is twice', () => {
    const lines = constantsModule().trim().split('\n');
    expect(constants.size).toBe(lines.length);
  });
  test('every constant that the assembly imports exists', () => {
    const files = readdirSync(ASSEMBLY).map((file) =>
      readFileSync(new URL(file, ASSEMBLY), 'utf8'),
    );
    const imported = files.flatMap((text) =>
      [...text.matchAll(/import \{([^}]*)\} from '.\/constants';/g)].flatMap(([, names]) =>
        names!.split(',').map((name) => name.trim()),
      ),
    );
    const missing = imported.filter((name) => name !== '' && !constants.has(name));
    expect(imported.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });
  test('a text is two words and a length', () => {
    expect(textOf('NOT_FOUND')).toBe('NOT_FOUND\r\n');
    expect(textOf('STORED')).toBe('STORED\r\n');
    expect(textOf('HD')).toBe('HD');
  });
  test('the assembly takes the sizes of pages and ids from the store', () => {
    expect(constants.get('PAGE_BYTES')).toBe(String(PAGE_BYTES));
    expect(constants.get('ID_UNIT_BYTES')).toBe(String(ID_UNIT_BYTES));
  });
  test('a number beyond 31 bits becomes a negative one with the same bits', () => {
    expect(constants.get('FLAG_OWN_CAS')).toBe(String(0x8000_0000 | 0));
  });
});
