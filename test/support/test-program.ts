import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { bundleNode } from '../../scripts/node-bundle/build.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'dist/tests');
const INPUTS = [
  'src/**/*.ts',
  'src/control/console/assets/*',
  'scripts/node-bundle/*.ts',
  'package*.json',
  'LICENSE',
];
/** Beside the code, a program reads its version and its licence. */
const BESIDE = ['package.json', 'LICENSE'];
/** No run of tests takes so long: a build of older sources that is older than this is removed. */
const KEPT_MS = 3_600_000;

/**
 * Builds the command as users have it, from the sources of this checkout, unless it is there;
 * returns its main file. A process starts with it in a third of the time that it takes to load the
 * sources, and the tests start hundreds.
 */
export async function buildTestProgram(): Promise<string> {
  const program = join(FOLDER, await hashOfInputs());
  const main = join(program, 'dist/cli/main.js');
  if (await exists(main)) return main;
  await removeOldPrograms();
  await mkdir(FOLDER, { recursive: true });
  const unfinished = await mkdtemp(join(FOLDER, 'unfinished-'));
  await chmod(unfinished, 0o755); // Nodes that become another user read it, too.
  await bundleNode(join(unfinished, 'dist'));
  for (const file of BESIDE) await copyFile(join(ROOT, file), join(unfinished, file));
  await symlink(join(ROOT, 'dist/fast-path'), join(unfinished, 'dist/fast-path'));
  await rename(unfinished, program).catch(async (error) => {
    await rm(unfinished, { recursive: true });
    if (!(await exists(main))) throw error; // Another run has built the same.
  });
  return main;
}

async function hashOfInputs(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of globSync(INPUTS, { cwd: ROOT }).sort()) {
    const { mtimeMs, size } = await stat(join(ROOT, file));
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function removeOldPrograms(): Promise<void> {
  for (const name of globSync('*', { cwd: FOLDER })) {
    const program = join(FOLDER, name);
    const { mtimeMs } = await stat(program);
    if (Date.now() - mtimeMs > KEPT_MS) await rm(program, { recursive: true, force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
