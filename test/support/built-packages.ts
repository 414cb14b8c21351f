import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildFastPath } from '../../scripts/fast-path/build.ts';
import { temporaryFolder } from './folder.ts';

export const run = promisify(execFile);
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Both packages, built from the sources and installed in the folder of a user's project. */
export interface BuiltPackages {
  /** The project: its `node_modules` has `slabring` and `slabring-client`. */
  readonly project: string;
  readonly remove: () => Promise<void>;
}

/** Builds as `npm run build` does, but not into the checkout. */
export async function buildPackages(): Promise<BuiltPackages> {
  const { path: project, remove } = await temporaryFolder();
  const [main, client] = ['slabring', 'slabring-client'].map((name) =>
    join(project, 'node_modules', name),
  ) as [string, string];
  const dist = join(main, 'dist');
  await mkdir(dist, { recursive: true });
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  await run(tsc, ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', dist]);
  const bundled = join(dist, 'slabring-client');
  const build = join(ROOT, 'scripts/client-package/main.ts');
  await run(process.execPath, [build, dist, bundled]);
  await run(process.execPath, [join(ROOT, 'scripts/node-bundle/main.ts'), dist]);
  await buildFastPath(join(dist, 'fast-path'));
  await cp(bundled, client, { recursive: true });
  await rm(join(bundled, 'package.json')); // as `files` in package.json says
  for (const file of ['package.json', 'LICENSE']) await cp(join(ROOT, file), join(main, file));
  await cp(join(ROOT, 'bin'), join(main, 'bin'), { recursive: true });
  await linkDependencies(project);
  return { project, remove };
}

async function linkDependencies(project: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  for (const name of [...Object.keys(manifest.dependencies), '@types', 'undici-types']) {
    await symlink(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  }
}

/** Writes a program into the project, and returns its path. */
export async function program(project: string, name: string, code: string): Promise<string> {
  const path = join(project, name);
  await writeFile(path, code);
  return path;
}
