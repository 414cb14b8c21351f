import { execFileSync, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** Whether util-linux's `script`, which runs a program on a terminal, is installed. */
function hasScript(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
}

/** Runs `slabring user add` on a terminal; types each answer as soon as its question appears. */
async function addOnTerminal(file: string, answers: readonly (readonly [string, string])[]) {
  const command = `"${process.execPath}" "${MAIN}" user add alice -Y "${file}"`;
  const child = spawn('script', ['-qec', command, '/dev/null']);
  const left = [...answers];
  let shown = '';
  child.stdout.on('data', (bytes) => {
    shown += bytes;
    const [question, answer] = left[0] ?? [];
    if (question === undefined || !shown.includes(question)) return;
    child.stdin.write(answer);
    left.shift();
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, shown };
}

test.skipIf(!hasScript())('the prompt does not show a typed password', async () => {
  const file = join(folder.path, 'users');
  const { code, shown } = await addOnTerminal(file, [
    ['Password for alice:', 's3cret\r'],
    ['Once more:', 's3cret\r'],
  ]);
  expect(shown).toContain('alice: added');
  expect(shown).not.toContain('s3cret');
  expect(code).toBe(0);
  expect(await readFile(file, 'utf8')).toMatch(/^alice:\$scrypt\$/);
});

test.skipIf(!hasScript())('Ctrl-C at the prompt changes nothing and reports no bug', async () => {
  const file = join(folder.path, 'users');
  const { code, shown } = await addOnTerminal(file, [['Password for alice:', '\x03']]);
  expect(shown).toContain('nothing was changed');
  expect(shown).not.toContain('bug');
  expect(code).toBe(1);
});
