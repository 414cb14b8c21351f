import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type WasmModule, webAssembly } from '../base/index.ts';
import type { WasmMemoryKind } from '../store/index.ts';
import { constantsModule } from './constants.ts';

/** The build writes them into `dist`, also for a node that runs from the sources. */
const FOLDER = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/fast-path/' : './',
  import.meta.url,
);
const BUILD = 'run npm run build:fast-path';

/** The compiled fast path for one kind of memory, or why there is none. */
type LoadedModule =
  | { readonly module: WasmModule; readonly refusal?: undefined }
  | { readonly module?: undefined; readonly refusal: string };

/**
 * Loads the fast path for a kind of memory. The module must have been built from the constants of
 * this program: with other offsets it would destroy the store.
 */
export async function loadModule(
  kind: WasmMemoryKind,
  folder: URL = FOLDER,
): Promise<LoadedModule> {
  const file = new URL(`${kind}.wasm`, folder);
  const layout = Buffer.from(constantsModule());
  if (webAssembly === undefined) return { refusal: 'this Node.js runs without WebAssembly' };
  const bytes = await readFile(file).catch(() => undefined);
  if (bytes === undefined) return { refusal: `cannot read ${fileURLToPath(file)}: ${BUILD}` };
  try {
    const module = await webAssembly.compile(bytes);
    const [builtFrom] = webAssembly.Module.customSections(module, 'layout');
    const isOurs = builtFrom !== undefined && Buffer.from(builtFrom).equals(layout);
    if (isOurs) return { module };
    return { refusal: `${fileURLToPath(file)} is of another version of the program: ${BUILD}` };
  } catch (error) {
    return { refusal: `${fileURLToPath(file)} does not compile (${messageOf(error)}): ${BUILD}` };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');
