import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AtomicFile, withFile } from '../../../../src/ops/snapshot/atomic-file.ts';
import { temporaryFolder } from '../../../support/folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let path = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'file');
});
afterEach(() => folder.remove());

describe('a file that is written as a whole', () => {
  test('the old content stays until the new one is complete', () => {
    writeFileSync(path, 'old');
    const file = new AtomicFile(path);
    file.write(Buffer.from('new'));
    expect(readFileSync(path, 'utf8')).toBe('old');
    file.commit();
    expect([readFileSync(path, 'utf8'), file.bytes]).toEqual(['new', 3]);
    expect(readdirSync(folder.path)).toEqual(['file']);
  });
  test('an abandoned file leaves nothing, also after a name that it cannot get', () => {
    mkdirSync(join(path, 'folder'), { recursive: true });
    const file = new AtomicFile(path);
    expect(() => file.commit()).toThrow(
      expect.objectContaining({
        code: 'ERR_SNAPSHOT_FILE',
        message: expect.stringContaining(path),
      }),
    );
    file.abandon();
    expect(readdirSync(folder.path)).toEqual(['file']);
  });
});

describe('a failure is a sentence that says what to do', () => {
  const failing = (message: string) =>
    expect.objectContaining({ code: 'ERR_SNAPSHOT_FILE', message });
  test('a folder that is missing', () => {
    const file = join(folder.path, 'none', 'file');
    const none = join(folder.path, 'none');
    const reason = `there is no folder ${none}; create it: mkdir -p ${none}.`;
    expect(() => new AtomicFile(file)).toThrow(
      failing(`Cannot write the snapshot ${file}: ${reason}`),
    );
  });
  test.runIf(process.platform === 'linux')('a full disk', () => {
    const full = openSync('/dev/full', 'w');
    try {
      expect(() => withFile('/x/y', () => writeSync(full, 'text'))).toThrow(
        failing(
          'Cannot write the snapshot /x/y: no space is left on its file system; free some, or ' +
            'name a file on another one.',
        ),
      );
    } finally {
      closeSync(full);
    }
  });
});
