import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { entryNames, sourceOf } from './manifest.ts';

/**
 * Writes one file of types for each entry point, out of the declarations of the compiler, and its
 * copy for CommonJS.
 * @param declarations the folder with the compiler's output
 */
export async function writeTypes(declarations: string, folder: string): Promise<void> {
  const names = entryNames();
  const input = Object.fromEntries(
    names.map((name) => [
      name,
      join(
        declarations,
        sourceOf(name)
          .replace(/^src\//, '')
          .replace(/\.ts$/, '.d.ts'),
      ),
    ]),
  );
  const bundle = await rolldown({
    input,
    external: [/^node:/, '@opentelemetry/api'],
    plugins: [dts({ dtsInput: true, oxc: true })],
  });
  const { output } = await bundle.write({ dir: folder, format: 'es' });
  for (const { fileName } of output) {
    const types = await readFile(join(folder, fileName), 'utf8');
    const copy = types.replaceAll(/(from "\.\/[\w-]+)\.js"/g, '$1.cjs"');
    await writeFile(join(folder, fileName.replace(/\.d\.ts$/, '.d.cts')), copy);
  }
}
