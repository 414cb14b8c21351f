/** The end of an installation in a checkout: it builds the fast path only where it can. */
import { cp, mkdir, readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ROOT, run } from '../support/built-packages.ts';
import { temporaryFolder } from '../support/folder.ts';

const SCRIPTS = 'scripts/fast-path';
const folders: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of folders.splice(0)) await remove();
});

/** A checkout without its node_modules; with the scripts, or with package.json only. */
async function checkout(hasScripts: boolean): Promise<string> {
  const { path, remove } = await temporaryFolder();
  folders.push(remove);
  await cp(join(ROOT, 'package.json'), join(path, 'package.json'));
  await mkdir(join(path, 'scripts'));
  if (hasScripts) await cp(join(ROOT, SCRIPTS), join(path, SCRIPTS), { recursive: true });
  return path;
}

/** What the script `prepare` prints; it throws if the script fails. */
async function prepare(folder: string, before = ''): Promise<string> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8');
  const { scripts } = JSON.parse(manifest) as { scripts: { prepare: string } };
  const PATH = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`;
  const { stdout, stderr } = await run('sh', ['-c', `${before}${scripts.prepare}`], {
    cwd: folder,
    env: { ...process.env, PATH },
  });
  expect(stderr).toBe('');
  return stdout;
}

test('an installation without development dependencies says that it builds nothing', async () => {
  expect(await prepare(await checkout(true))).toBe(
    'The fast path is not built: the development dependency assemblyscript is missing.\n',
  );
});
test('an installation by an old Node.js says that it builds nothing', async () => {
  const folder = await checkout(true);
  const old = `data:text/javascript,Object.defineProperty(process,'version',{value:'v20.1.0'})`;
  expect(await prepare(folder, `NODE_OPTIONS="--import=${old}" `)).toBe(
    'The fast path is not built: Node.js is v20.1.0, and the build needs 24.\n',
  );
});
test('an installation that has only package.json says that it builds nothing', async () => {
  expect(await prepare(await checkout(false))).toMatch(
    /^The fast path is not built: Cannot find module .*prepare\.js'.*\n$/,
  );
});
