/**
 * Builds the WebAssembly of the fast path from the assembly and the constants of the program.
 *
 *   node scripts/fast-path/main.ts [--instrument] [folder = dist/fast-path]
 *
 * With `--instrument`, it also writes the variants for the tests that stop the program at each
 * access of the memory (compile.ts).
 */
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { COMPILED_KINDS, compileAssembly, instrument, type Sources } from './compile.ts';

const ROOM = resolve(import.meta.dirname, '../../src/fast-path');
const ASSEMBLY = join(ROOM, 'assembly');
const CONSTANTS = join(ROOM, 'constants.ts');

const { values, positionals } = parseArgs({
  options: { instrument: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [folder = resolve(import.meta.dirname, '../../dist/fast-path')] = positionals;

/** The files of the assembly, also those in its folders. */
async function readSources(): Promise<Sources> {
  const files = (await readdir(ASSEMBLY, { recursive: true })).filter((file) =>
    file.endsWith('.ts'),
  );
  const texts = await Promise.all(files.map((file) => readFile(join(ASSEMBLY, file), 'utf8')));
  return new Map(files.map((file, at) => [file.replaceAll('\\', '/').slice(0, -3), texts[at]!]));
}

/** Replaces the file in one step: a node that starts at that time reads the old or the new one. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, path);
}

async function build(): Promise<void> {
  const { constantsModule } = (await import(CONSTANTS)) as { constantsModule: () => string };
  const constants = constantsModule();
  const input = { sources: await readSources(), constants, sections: { layout: constants } };
  await mkdir(folder, { recursive: true });
  for (const kind of COMPILED_KINDS) {
    const wasm = compileAssembly(kind, input);
    await replaceFile(join(folder, `${kind}.wasm`), wasm);
    console.log(`${join(folder, kind)}.wasm: ${wasm.length} bytes`);
    if (!values.instrument) continue;
    await replaceFile(join(folder, `${kind}.instrumented.wasm`), instrument(wasm));
  }
}

try {
  await build();
} catch (error) {
  console.error(`Cannot build the fast path.\n${(error as Error).message}`);
  process.exitCode = 1;
}
