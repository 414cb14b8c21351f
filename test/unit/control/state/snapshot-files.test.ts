import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SnapshotFolder } from '../../../../src/control/state/snapshot-files.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';

const { pathTo } = folderForEachTest();
const known = new Set(['daily']);

describe('the files of snapshots', () => {
  test('a snapshot that the state does not know is kept under another name', () => {
    const files = new SnapshotFolder(pathTo());
    for (const name of ['daily', 'old']) writeFileSync(files.pathOf(name), name);
    expect(files.hideUnknown(known)).toEqual(['.unknown-old']);
    expect(readFileSync(pathTo('.unknown-old', 'items.snapshot'), 'utf8')).toBe('old');
    expect(readFileSync(files.pathOf('daily'), 'utf8')).toBe('daily');
    expect(files.hideUnknown(known)).toEqual([]);
  });

  test('a second unknown snapshot of a name replaces no other one', () => {
    const files = new SnapshotFolder(pathTo());
    for (const text of ['first', 'second']) {
      writeFileSync(files.pathOf('old'), text);
      files.hideUnknown(known);
    }
    const texts = readdirSync(pathTo()).map((name) =>
      readFileSync(pathTo(name, 'items.snapshot'), 'utf8'),
    );
    expect(texts.sort()).toEqual(['first', 'second']);
  });

  test('a start removes what a dump has left whose process died', () => {
    const files = new SnapshotFolder(pathTo());
    const file = files.pathOf('daily');
    mkdirSync(`${file}.a1b2c3`);
    writeFileSync(`${file}.a1b2c3/items.part`, 'half');
    writeFileSync(`${file}.part`, 'half');
    writeFileSync(file, 'items');
    expect(files.hideUnknown(known)).toEqual([]);
    expect(readdirSync(pathTo('daily'))).toEqual(['items.snapshot']);
  });
});
