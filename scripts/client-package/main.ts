/**
 * Builds the package `slabring-client` from the sources of the client: the output of the compiler
 * must be in the folder of declarations.
 *
 *   node scripts/client-package/main.ts [declarations = dist] [folder = dist/slabring-client]
 */
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeCode } from './code.ts';
import { clientManifest, ROOT } from './manifest.ts';
import { writeTypes } from './types.ts';

const [declarations = 'dist', folder = 'dist/slabring-client'] = process.argv.slice(2);
const output = resolve(folder);
await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
await writeFile(join(output, 'package.json'), `${JSON.stringify(clientManifest(), null, 2)}\n`);
await copyFile(join(ROOT, 'LICENSE'), join(output, 'LICENSE'));
await copyFile(join(ROOT, 'scripts/client-package/README.md'), join(output, 'README.md'));
await copyFile(join(ROOT, 'scripts/client-package/LICENSES.md'), join(output, 'LICENSES.md'));
await writeCode(output);
await writeTypes(resolve(declarations), output);
