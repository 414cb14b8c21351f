import { describe, expect, test } from 'vitest';
import { openStore, PAGE_BYTES, regionByte } from '../../../../src/store/index.ts';
import { testShare } from '../../../support/session-harness.ts';

const KINDS = ['memory32', 'memory64'] as const;

describe('createStore', () => {
  test('a store is in plain shared memory if no kind of WebAssembly memory is wanted', () => {
    const { kind, memory, wasmMemory, layout } = testShare({ wasmKinds: [] });
    expect({ kind, wasmMemory }).toEqual({ kind: 'plain', wasmMemory: undefined });
    expect(memory.byteLength).toBe(layout.bytes);
  });
  test.each(KINDS)('a store in %s is the memory that WebAssembly sees', (wanted) => {
    const { kind, memory, wasmMemory, layout } = testShare({ wasmKinds: [wanted] });
    expect(kind).toBe(wanted);
    expect(wasmMemory!.buffer).toBe(memory);
    expect(memory.byteLength).toBeGreaterThanOrEqual(layout.bytes);
  });
  test.each(KINDS)('two threads that got a message share one store in %s', (wanted) => {
    const share = testShare({ wasmKinds: [wanted], threads: 2 });
    const [one, other] = [0, 1].map((thread) => openStore(structuredClone(share), thread));
    one!.tuning.setMemoryLimit(3 * PAGE_BYTES);
    expect(other!.tuning.memoryLimitBytes()).toBe(3 * PAGE_BYTES);
    expect(structuredClone(share).wasmMemory!.buffer.byteLength).toBe(share.memory.byteLength);
  });
  test('the regions of threads lie one after another, in front of the slab pages', () => {
    const regionBytes = 3 * 4096;
    const { layout } = testShare({ regionBytes, threads: 3 });
    expect(layout.regionsByte % 4096).toBe(0);
    const starts = [0, 1, 2].map((thread) => regionByte(layout, thread) - layout.regionsByte);
    expect(starts).toEqual([0, regionBytes, 2 * regionBytes]);
    expect(layout.regionsByte).toBeGreaterThanOrEqual(layout.indexByte + 4 * layout.bucketsMax);
    expect(regionByte(layout, 3)).toBeLessThanOrEqual(layout.slabsByte);
  });
});
