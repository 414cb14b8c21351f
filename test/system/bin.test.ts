import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A folder with a copy of the command; what lies beside it makes it a checkout or a package. */
async function folderWithBin(): Promise<string> {
  const { path, remove } = await temporaryFolder();
  closers.push(remove);
  await cp(join(ROOT, 'bin'), join(path, 'bin'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(path, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  return path;
}

async function program(folder: string, file: string, code: string): Promise<void> {
  await mkdir(join(folder, file, '..'), { recursive: true });
  await writeFile(join(folder, file), code);
}

const slabring = (folder: string, ...args: readonly string[]) =>
  run(process.execPath, [join(folder, 'bin/slabring.js'), ...args]);

test('the command runs the sources in a checkout, although an old build exists', async () => {
  const folder = await folderWithBin();
  await program(folder, 'src/cli/main.ts', "const from: string = 'src'; console.log(from);");
  await program(folder, 'dist/cli/main.js', "console.log('dist');");
  expect(await slabring(folder)).toEqual({ stdout: 'src\n', stderr: '' });
});

test('the command runs the build where there are no sources', async () => {
  const folder = await folderWithBin();
  await program(folder, 'dist/cli/main.js', 'console.log(process.argv.slice(2).join());');
  expect(await slabring(folder, 'a', 'b')).toEqual({ stdout: 'a,b\n', stderr: '' });
});

test('the command names the file that the sources miss, and runs no build instead', async () => {
  const folder = await folderWithBin();
  await program(folder, 'src/cli/main.ts', "import './absent.ts';");
  await program(folder, 'dist/cli/main.js', "console.log('dist');");
  const failure = expect.objectContaining({ code: 1, stdout: '' });
  await expect(slabring(folder)).rejects.toEqual(failure);
  await expect(slabring(folder)).rejects.toThrow(/absent\.ts/);
});

test('the command says what to do in a checkout without its packages', async () => {
  const folder = await folderWithBin();
  await program(folder, 'src/cli/main.ts', "import 'absent-package';");
  const stderr = expect.stringMatching(
    /^slabring needs the package absent-package: run npm ci .*\.\n$/,
  );
  await expect(slabring(folder)).rejects.toMatchObject({ code: 1, stdout: '', stderr });
});

/** Arguments that make Node.js believe that it is another version. */
function disguised(version: string): readonly string[] {
  const code = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

test.each(['23.11.1', '20.20.2', '9.0.0'])('Node.js %s gets one sentence', async (version) => {
  const { path, remove } = await temporaryFolder();
  closers.push(remove);
  await cp(join(ROOT, 'bin'), join(path, 'bin'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(path, 'package.json'));
  const command = [...disguised(version), join(path, 'bin/slabring.js'), 'serve'];
  const failure: unknown = await run(process.execPath, command).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stdout: '' });
  const sentence = `^slabring needs Node\\.js 24 or newer, and this is ${version}: [^\\n]+\\.\\n$`;
  expect(failure).toMatchObject({ stderr: expect.stringMatching(new RegExp(sentence)) });
});

test.each([
  ['a checkout', 'slabring', 'slabring/node_modules/node/bin/node'],
  ['an installed package', 'node_modules/slabring', 'node_modules/node/bin/node'],
])('an old Node.js runs the one that npm installed for %s', async (_, home, node) => {
  const { path, remove } = await temporaryFolder();
  closers.push(remove);
  await cp(join(ROOT, 'bin'), join(path, home, 'bin'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(path, home, 'package.json'));
  const bundled = '#!/bin/sh\nshift\necho "bundled $*"; exit 3\n';
  await program(path, node, bundled);
  await chmod(join(path, node), 0o755);
  const command = [...disguised('20.20.2'), join(path, home, 'bin/slabring.js'), 'get', 'a'];
  const failure: unknown = await run(process.execPath, command).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 3, stdout: 'bundled get a\n', stderr: '' });
});
