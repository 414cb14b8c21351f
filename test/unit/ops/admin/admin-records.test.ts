import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRecords, writeRecord } from '../../../../src/ops/index.ts';
import { temporaryFolder } from '../../../support/folder.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let env: { readonly XDG_RUNTIME_DIR: string };
let own = '';
beforeEach(async () => {
  folder = await temporaryFolder();
  env = { XDG_RUNTIME_DIR: folder.path };
  own = join(folder.path, 'slabring');
});
afterEach(() => folder.remove());

const record = (port: number, pid = process.pid) => ({
  pid,
  url: `http://127.0.0.1:${port}`,
  nodes: ['127.0.0.1:11211'],
  cluster: [],
  token: 'secret',
});
/** The records in the test's folder: other nodes may run on this machine. */
const found = () => readRecords(env).filter(({ token }) => token === 'secret');

describe('the record of an admin port', () => {
  test('only its user can open it, and it ends with the node', () => {
    const remove = writeRecord(record(9), env);
    expect(found()).toEqual([record(9)]);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(statSync(join(own, '9.json')).mode & 0o777).toBe(0o600);
    remove!();
    expect([found(), readdirSync(own)]).toEqual([[], []]);
  });
  test('the record of a killed node counts no more, and the next node removes it', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeRecord(record(9, pid), env);
    writeFileSync(join(own, '7.json'), '{"pid":1');
    writeFileSync(join(own, '8.json'), '{"pid":1,"url":"none"}');
    expect(found()).toEqual([]);
    writeRecord(record(10), env);
    expect(found()).toEqual([record(10)]);
    expect(readdirSync(own)).not.toContain('9.json');
  });
  test.skipIf(process.platform === 'win32')(
    'a folder that others can open, or that is a link, takes no record and gives none',
    () => {
      mkdirSync(own, { mode: 0o700 });
      writeFileSync(join(own, '9.json'), JSON.stringify(record(9)));
      chmodSync(own, 0o750);
      expect(found()).toEqual([]);
      const remove = writeRecord(record(10), env);
      expect(readdirSync(own)).toEqual(['9.json']);
      remove?.();
      chmodSync(own, 0o700);
      expect(found()).toHaveLength(1);
      const other = join(folder.path, 'other');
      mkdirSync(other, { mode: 0o700 });
      symlinkSync(own, join(other, 'slabring'));
      expect(
        readRecords({ XDG_RUNTIME_DIR: other }).filter((each) => each.token === 'secret'),
      ).toEqual([]);
    },
  );
});
