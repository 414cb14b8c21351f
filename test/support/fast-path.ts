import { readFileSync } from 'node:fs';
import { type WasmModule, webAssembly } from '../../src/base/index.ts';
import { constantsModule } from '../../src/fast-path/constants.ts';
import type { WasmMemoryKind } from '../../src/store/index.ts';

/** Where the build writes the modules. */
export const FAST_PATH_FOLDER = new URL('../../dist/fast-path/', import.meta.url);

const modules = new Map<WasmMemoryKind, WasmModule>();

/**
 * The compiled fast path for a kind of memory. Vitest builds it before the tests
 * (fast-path-setup.ts); a module that is missing or of another layout makes the test fail.
 */
export function fastModule(kind: WasmMemoryKind): WasmModule {
  const module = modules.get(kind) ?? compile(kind);
  modules.set(kind, module);
  return module;
}

function compile(kind: WasmMemoryKind): WasmModule {
  const { Module } = webAssembly!;
  const Compiled = Module as typeof Module & (new (bytes: Uint8Array) => WasmModule);
  const module = new Compiled(readFileSync(new URL(`${kind}.wasm`, FAST_PATH_FOLDER)));
  const [layout] = Module.customSections(module, 'layout');
  if (layout === undefined || Buffer.from(layout).toString() !== constantsModule()) {
    throw new Error(`${kind}.wasm is of another layout: run npm run build:fast-path`);
  }
  return module;
}
