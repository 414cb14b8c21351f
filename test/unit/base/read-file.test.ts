import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRegularFile, withinReadTime } from '../../../src/base/read-file.ts';
import { temporaryFolder } from '../../support/folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder.remove());

describe('readRegularFile', () => {
  test('readRegularFile reads a file up to its maximum of bytes', async () => {
    const file = join(folder.path, 'file');
    await writeFile(file, '12345678', { mode: 0o640 });
    const { bytes, mode } = await readRegularFile(file, 8);
    expect(bytes.toString()).toBe('12345678');
    expect(mode & 0o777).toBe(0o640);
    await expect(readRegularFile(file, 7)).rejects.toThrow('it has more than 7 bytes');
  });

  test('readRegularFile refuses a FIFO without a writer, a directory and a device', async () => {
    const fifo = join(folder.path, 'fifo');
    execFileSync('mkfifo', [fifo]);
    await expect(readRegularFile(fifo, 8)).rejects.toThrow('it is a FIFO, not a regular file');
    await expect(readRegularFile(folder.path, 8)).rejects.toThrow('it is a directory');
    await expect(readRegularFile('/dev/zero', 8)).rejects.toThrow('it is a device');
  });
});

describe('a file system that hangs', () => {
  test('a file system that hangs fails its reads, later ones at once', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const hung = withinReadTime('/hung', () => promise, 1);
    await expect(hung).rejects.toThrow('the file system did not reply within 1 ms');
    const ready = (): Promise<string> => Promise.resolve('ready');
    await expect(withinReadTime('/hung', ready)).rejects.toThrow('still does not reply');
    expect(await withinReadTime('/other', ready)).toBe('ready');
    resolve('late');
    await promise;
    await null;
    expect(await withinReadTime('/hung', ready)).toBe('ready');
  });
});
