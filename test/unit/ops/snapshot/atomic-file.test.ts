import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AtomicFile, checkWritable, withFile } from '../../../../src/ops/snapshot/atomic-file.ts';
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
    const file = new AtomicFile(path);
    mkdirSync(join(path, 'folder'), { recursive: true });
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

describe('a name that belongs to something else than a file', () => {
  const refused = (kind: string) =>
    expect.objectContaining({
      code: 'ERR_SNAPSHOT_FILE',
      message: `Cannot write the snapshot ${path}: it is ${kind}.`,
    });
  test.each([
    ['a folder', 'a folder; name a file in it', () => mkdirSync(path)],
    ['a link to a device', 'no regular file; name one', () => symlinkSync('/dev/null', path)],
  ])('%s is refused early, and stays what it is', (_, kind, make) => {
    make();
    expect(() => checkWritable(path)).toThrow(refused(kind));
    expect(() => new AtomicFile(path)).toThrow(refused(kind));
    expect(lstatSync(path).isFile()).toBe(false);
    expect(readdirSync(folder.path)).toEqual(['file']);
  });
  test('a pipe is not replaced', () => {
    execFileSync('mkfifo', [path]);
    expect(() => new AtomicFile(path)).toThrow(refused('no regular file; name one'));
    expect(lstatSync(path).isFile()).toBe(false);
    expect(readdirSync(folder.path)).toEqual(['file']);
  });
  test('a file that was claimed for a node that has been superseded is not written', () => {
    expect(() => new AtomicFile(path, true)).toThrow('the next node has started with that name');
    AtomicFile.claim(path);
    new AtomicFile(path, true).commit();
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
