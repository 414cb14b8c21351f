/**
 * Compiles the assembly of the fast path to WebAssembly, for one kind of memory.
 *
 * AssemblyScript can compile for addresses of 64 bits, but declares the memory with addresses of 32
 * bits. So the module passes through its text, in which the declaration of the memory is replaced.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as assemblyScript from 'assemblyscript';
import binaryen from 'assemblyscript/binaryen';
import { withWriteHooks } from './instrument.ts';

/** Text by the path of the file in the folder of the assembly, without `.ts`. */
export type Sources = ReadonlyMap<string, string>;

export interface CompileInput {
  readonly sources: Sources;
  /** The text of the module `./constants`, which is in no file. */
  readonly constants: string;
  /** Sections that the loader reads: text by name. */
  readonly sections: Readonly<Record<string, string>>;
}

/** What differs between the kinds of memory. The pages have 64 KiB. */
const KINDS = {
  memory32: { target: 1, pagesMax: 2 ** 16, declaration: '(memory $0 ' },
  memory64: { target: 2, pagesMax: 2 ** 18, declaration: '(memory $0 i64 ' },
} as const;
type CompiledKind = keyof typeof KINDS;

/** What the optimizer may use: all of it is in Node.js 24. */
const FEATURES =
  binaryen.Features.MutableGlobals |
  binaryen.Features.SignExt |
  binaryen.Features.NontrappingFPToInt |
  binaryen.Features.BulkMemory |
  binaryen.Features.BulkMemoryOpt |
  binaryen.Features.Atomics |
  binaryen.Features.SIMD128 |
  binaryen.Features.Memory64;

const ENTRY = 'index';
const CONSTANTS = 'constants';
const STUB_RUNTIME = 0;
const OPTIMIZE_LEVEL = 3;
/** Two or three rounds usually find all. */
const OPTIMIZE_ROUNDS_MAX = 8;

const LIBRARY = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'std/assembly',
);

/** @throws {Error} with the messages of the compiler. */
export function compileAssembly(
  kind: CompiledKind,
  input: CompileInput,
  isInstrumented = false,
): Uint8Array {
  const text = textOf(kind, input).replace('(memory $0 ', KINDS[kind].declaration);
  const optimized = read(optimize(kind, bytesOf(text))).emitText();
  checkOwnsNoMemory(optimized);
  const module = binaryen.parseText(isInstrumented ? withWriteHooks(optimized) : optimized);
  module.setFeatures(FEATURES);
  for (const [name, content] of Object.entries(input.sections)) {
    module.addCustomSection(name, new TextEncoder().encode(content));
  }
  return module.emitBinary();
}

/** Compiles without optimizing; returns the text of the module. */
function textOf(kind: CompiledKind, { sources, constants }: CompileInput): string {
  const program = assemblyScript.newProgram(optionsOf(kind));
  for (const file of libraryRoots()) {
    assemblyScript.parse(program, libraryText(`~lib/${file}`)!, `~lib/${file}.ts`, false);
  }
  const stub = '~lib/rt/index-stub';
  assemblyScript.parse(program, libraryText(stub)!, `${stub}.ts`, true);
  assemblyScript.parse(program, sources.get(ENTRY) ?? null, `${ENTRY}.ts`, true);
  for (let path = nextFile(program); path !== null; path = nextFile(program)) {
    const text = path === CONSTANTS ? constants : (sources.get(path) ?? libraryText(path));
    assemblyScript.parse(program, text ?? null, `${path}.ts`, false);
  }
  checkDiagnostics(program);
  assemblyScript.initializeProgram(program);
  const module = assemblyScript.compile(program);
  checkDiagnostics(program);
  return module.toText();
}

const { nextFile } = assemblyScript;

function optionsOf(kind: CompiledKind): ReturnType<typeof assemblyScript.newOptions> {
  const options = assemblyScript.newOptions();
  const { target, pagesMax } = KINDS[kind];
  assemblyScript.setTarget(options, target);
  assemblyScript.setRuntime(options, STUB_RUNTIME);
  assemblyScript.setStackSize(options, 0);
  assemblyScript.setNoAssert(options, true);
  assemblyScript.setImportMemory(options, true);
  assemblyScript.setSharedMemory(options, true);
  assemblyScript.setInitialMemory(options, 1);
  assemblyScript.setMaximumMemory(options, pagesMax);
  assemblyScript.setOptimizeLevelHints(options, OPTIMIZE_LEVEL, 0);
  for (const feature of [
    assemblyScript.FEATURE_THREADS,
    assemblyScript.FEATURE_SIMD,
    assemblyScript.FEATURE_BULK_MEMORY,
  ]) {
    assemblyScript.setFeature(options, feature, true);
  }
  return options;
}

/** Throws the messages of the compiler if they have an error; prints them if not. */
function checkDiagnostics(program: ReturnType<typeof assemblyScript.newProgram>): void {
  const texts: string[] = [];
  let hasFailed = false;
  for (;;) {
    const diagnostic = assemblyScript.nextDiagnostic(program);
    if (diagnostic === null) break;
    hasFailed ||= assemblyScript.isError(diagnostic);
    texts.push(assemblyScript.formatDiagnostic(diagnostic, false, true));
  }
  if (hasFailed) throw new Error(texts.join('\n\n'));
  for (const text of texts) console.warn(text);
}

/** The files of the standard library that every program gets. */
function libraryRoots(): readonly string[] {
  return readdirSync(LIBRARY)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
}

function libraryText(path: string): string | undefined {
  if (!path.startsWith('~lib/')) return undefined;
  const file = join(LIBRARY, path.slice('~lib/'.length));
  for (const candidate of [`${file}.ts`, join(file, 'index.ts')]) {
    try {
      return readFileSync(candidate, 'utf8');
    } catch {}
  }
  return undefined;
}

function bytesOf(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(FEATURES);
  if (module.validate() === 0) throw new Error('the compiled module is not valid');
  return module.emitBinary();
}

function read(wasm: Uint8Array): ReturnType<typeof binaryen.readBinary> {
  const module = binaryen.readBinary(wasm);
  module.setFeatures(FEATURES);
  return module;
}

/** Runs the passes of AssemblyScript, which has more than Binaryen, until the size stays. */
function optimize(kind: CompiledKind, wasm: Uint8Array): Uint8Array {
  let smallest = optimizeOnce(kind, wasm);
  for (let round = 1; round < OPTIMIZE_ROUNDS_MAX; round++) {
    const next = optimizeOnce(kind, smallest);
    if (next.length >= smallest.length) break;
    smallest = next;
  }
  return smallest;
}

function optimizeOnce(kind: CompiledKind, wasm: Uint8Array): Uint8Array {
  const addressType = kind === 'memory64' ? binaryen.i64 : binaryen.i32;
  const module = assemblyScript.Module.createFrom(wasm, false, addressType);
  module.setFeatures(FEATURES);
  module.optimize(OPTIMIZE_LEVEL, 0, false, false);
  return module.toBinary(null).output;
}

/** The memory belongs to the store: a module that wrote its own data there would destroy items. */
function checkOwnsNoMemory(text: string): void {
  if (/^\s*\(data /m.test(text)) {
    throw new Error('The assembly has static data (a string or an array): the memory has no room.');
  }
  if (/^\s*\(start /m.test(text)) throw new Error('The assembly has code outside of functions.');
}
