import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StackFile } from '../../../../src/control/apply/stack-file.ts';
import { temporaryFolder } from '../../../support/folder.ts';

describe('StackFile', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = `${folder.path}/shop.stack.json`;
  });
  afterEach(() => folder.remove());

  const lock = (holder: string): void => writeFileSync(`${path}.lock`, holder);

  test('a second process does not get the file, and learns who has it', () => {
    lock(`process ${process.ppid} of ${hostname()}`);
    const held = `Another slabring apply (process ${process.ppid} of ${hostname()}) has`;
    expect(() => new StackFile(path)).toThrow(held);
  });

  test.each([
    ['that was killed', () => spawnSync(process.execPath, ['--version']).pid],
    ['that had the same id', () => process.pid],
  ])('the lock of a process %s is taken, unless it is of another machine', (_, pidOf) => {
    const pid = pidOf();
    lock(`process ${pid} of ${hostname()}.other`);
    expect(() => new StackFile(path)).toThrow(/Another slabring apply/);
    lock(`process ${pid} of ${hostname()}`);
    new StackFile(path).close();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('the lock of a process is its own, and goes with it', () => {
    const file = new StackFile(path);
    expect(readFileSync(`${path}.lock`, 'utf8')).toBe(`process ${process.pid} of ${hostname()}`);
    file.close();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
