/** Builds the WebAssembly of the fast path from the assembly and the constants of the program. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { webAssembly } from '../../src/base/index.ts';
import { constantsModule } from '../../src/fast-path/constants.ts';
import type { CompileInput, Sources } from './compile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ASSEMBLY = join(ROOT, 'src/fast-path/assembly');
const KINDS = ['memory32', 'memory64'] as const;

interface BuildOptions {
  /** Makes the variants that tests of faults stop at each write (instrument.ts) instead. */
  readonly instrumented?: boolean;
}

/** Writes the modules into the folder, unless they are there; returns the files that it wrote. */
export async function buildFastPath(
  folder = join(ROOT, 'dist/fast-path'),
  { instrumented = false }: BuildOptions = {},
): Promise<readonly string[]> {
  const input = await readInput();
  const names = KINDS.map((kind) => `${kind}${instrumented ? '.instrumented' : ''}.wasm`);
  const paths = names.map((name) => join(folder, name));
  const current = await Promise.all(paths.map((path) => isCurrent(path, input.sections.build)));
  if (current.every((each) => each)) return [];
  // The compiler has 20 MB of code.
  const { compileAssembly } = await import('./compile.ts');
  await mkdir(folder, { recursive: true });
  for (const [at, kind] of KINDS.entries()) {
    await replaceFile(paths[at]!, compileAssembly(kind, input, instrumented));
  }
  return paths;
}

/**
 * The sections are what the modules were built from: `layout` is for the loader of the program,
 * `build` for the next build.
 */
async function readInput(): Promise<
  CompileInput & { sections: { layout: string; build: string } }
> {
  const constants = constantsModule();
  const sources = await readSources();
  const hash = createHash('sha256').update(constants);
  for (const part of sources) hash.update(JSON.stringify(part));
  for (const file of ['compile.ts', 'instrument.ts']) {
    hash.update(await readFile(join(import.meta.dirname, file)));
  }
  const compiler = createRequire(import.meta.url).resolve('assemblyscript/package.json');
  hash.update(await readFile(compiler));
  return { sources, constants, sections: { layout: constants, build: hash.digest('hex') } };
}

/** The files of the assembly, also those in its folders. */
async function readSources(): Promise<Sources> {
  const files = (await readdir(ASSEMBLY, { recursive: true }))
    .filter((file) => file.endsWith('.ts'))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(join(ASSEMBLY, file), 'utf8')));
  const pathOf = (file: string): string => file.slice(0, -'.ts'.length).replaceAll('\\', '/');
  return new Map(files.map((file, at) => [pathOf(file), texts[at]!]));
}

async function isCurrent(path: string, build: string): Promise<boolean> {
  try {
    const module = await webAssembly!.compile(await readFile(path));
    const [section] = webAssembly!.Module.customSections(module, 'build');
    return section !== undefined && Buffer.from(section).toString() === build;
  } catch {
    return false;
  }
}

/** Replaces the file in one step: a node that starts at that time reads the old or the new one. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, path);
}
