import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** A folder of the running test. */
export interface TestFolder {
  /** The path of a file in the folder; without names, the folder's own. */
  readonly pathTo: (...names: readonly string[]) => string;
  /** What ends after the test, the last one first, before the folder is removed. */
  readonly cleanups: (() => unknown)[];
}

/** Gives each test of a file, or of the `describe` that calls it, a folder of its own. */
export function folderForEachTest(): TestFolder {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const cleanups: (() => unknown)[] = [];
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    await folder.remove();
  });
  return { pathTo: (...names) => join(folder.path, ...names), cleanups };
}
