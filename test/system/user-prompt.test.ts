import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { onTerminal, whyNoTerminal } from '../support/terminal.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

const skip = whyNoTerminal() !== undefined;
const add = (file: string) => ['user', 'add', 'alice', '-Y', file];

test.skipIf(skip)('the prompt does not show a typed password', async () => {
  const file = join(folder.path, 'users');
  const { code, shown } = await onTerminal(add(file), [
    ['Password for alice:', 's3cret\r'],
    ['Once more:', 's3cret\r'],
  ]);
  expect(shown).toContain('alice: added');
  expect(shown).not.toContain('s3cret');
  expect(code).toBe(0);
  expect(await readFile(file, 'utf8')).toMatch(/^alice:\$scrypt\$/);
});

test.skipIf(skip)('Ctrl-C at the prompt changes nothing and reports no bug', async () => {
  const file = join(folder.path, 'users');
  const { code, shown } = await onTerminal(add(file), [['Password for alice:', '\x03']]);
  expect(shown).toContain('nothing was changed');
  expect(shown).not.toContain('bug');
  expect(code).toBe(1);
});
