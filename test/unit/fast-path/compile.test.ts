import { describe, expect, test } from 'vitest';
import { compileAssembly } from '../../../scripts/fast-path/compile.ts';
import { type WasmModule, webAssembly } from '../../../src/base/index.ts';

const KINDS = ['memory32', 'memory64'] as const;
type Kind = (typeof KINDS)[number];
const { Memory, Instance, Module, compile } = webAssembly!;

const WRITES = `
  import { ADDED } from './constants';
  import { twice } from './parts/twice';
  export function write(to: i32): void {
    const at = <usize>to;
    store<i32>(at, atomic.add<i32>(at, ADDED, 8) + twice(ADDED), 4);
    v128.store(at + 16, i32x4.splat(6));
    memory.copy(at + 32, at + 16, 16);
    atomic.store<i32>(at + 48, 9);
  }`;
const TWICE = `
  import { ADDED } from '../constants';
  export function twice(n: i32): i32 { return n * 2 + ADDED; }`;

function build(kind: Kind, index: string, isInstrumented = false): Uint8Array {
  const sources = new Map([
    ['index', index],
    ['parts/twice', TWICE],
  ]);
  const constants = 'export const ADDED: i32 = 5;\n';
  return compileAssembly(kind, { sources, constants, sections: { layout: 'x' } }, isInstrumented);
}

const pages = { initial: 1, maximum: 1, shared: true } as const;

/** Runs `write` on new memory; returns the words of the memory that it wrote. */
function run(kind: Kind, module: WasmModule, beforeWrite?: (site: number) => void): number[] {
  const memory =
    kind === 'memory32'
      ? new Memory(pages)
      : new Memory({ initial: 1n, maximum: 1n, shared: true, address: 'i64' });
  const env = { memory, ...(beforeWrite && { before_write: beforeWrite }) };
  const { write } = new Instance(module, { env }).exports as { write: (to: number) => void };
  try {
    write(64);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return [...new Int32Array(memory.buffer, 64, 13)];
}

class Stop extends Error {}

const WRITTEN = [0, 15, 5, 0, 6, 6, 6, 6, 6, 6, 6, 6, 9];

describe.each(KINDS)('the compiler of the fast path for %s', (kind) => {
  test('the module has the files and the constants, and works on shared memory', async () => {
    const module = await compile(build(kind, WRITES));
    expect(run(kind, module)).toEqual(WRITTEN);
    expect(Module.customSections(module, 'layout')).toHaveLength(1);
  });
  test('an instrumented module calls a hook before each of its writes', async () => {
    const module = await compile(build(kind, WRITES, true));
    const sites: number[] = [];
    expect(run(kind, module, (site) => sites.push(site))).toEqual(WRITTEN);
    expect(sites).toHaveLength(5);
    expect(new Set(sites).size).toBe(5);
    const wordsWritten = [0, 1, 2, 6, 10].map((_, writes) => {
      let left = writes;
      const words = run(kind, module, () => {
        if (left-- === 0) throw new Stop();
      });
      return words.filter((word) => word !== 0).length;
    });
    expect(wordsWritten).toEqual([0, 1, 2, 6, 10]);
  });
  test.each([
    ['let a: i32 = strin; export function f(): i32 { return a; }', /Cannot find name 'strin'/],
    ['export function f(): i32 { return "a"; }', /index\.ts\(1,35\)/],
    ['import { a } from "./absent"; export function f(): i32 { return a; }', /absent\.ts' not fo/],
    ['const a: StaticArray<i32> = [1]; export function f(i: i32): i32 { return a[i]; }', /static/],
    ['let a: i32 = load<i32>(8); export function f(): i32 { return a; }', /outside of functions/],
  ])('the compiler refuses %j', (index, message) => {
    expect(() => build(kind, index)).toThrow(message);
  });
});
