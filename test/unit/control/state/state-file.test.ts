import { chmodSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { StateFile } from '../../../../src/control/state/state-file.ts';
import { clusterRecord } from '../../../support/control-records.ts';
import { folderForEachTest } from '../../../support/test-folder.ts';

const { pathTo } = folderForEachTest();
const record = clusterRecord({});

describe('the state file', () => {
  test('what was put is there after the next start', () => {
    const first = StateFile.open(pathTo('a.db'));
    first.put('cluster', 'web', record);
    first.setTags('cluster', 'web', { a: 'b' });
    first.addAccessKey({ id: 'K', secret: 's', policy: [] });
    first.close();
    const second = StateFile.open(pathTo('a.db'));
    expect(second.get('cluster', 'web')).toEqual(JSON.parse(JSON.stringify(record)));
    expect(second.tagsOf('cluster', 'web')).toEqual({ a: 'b' });
    expect([second.hasAccessKeys, second.accessKey('K')?.secret]).toEqual([true, 's']);
    second.close();
  });

  test('a transaction that fails leaves nothing, also within another one', () => {
    const state = StateFile.open(':memory:');
    const fail = (): never => {
      throw new Error('no');
    };
    const run = () =>
      state.transaction(() => {
        state.put('cluster', 'web', record);
        state.setTags('cluster', 'web', { a: 'b' });
        state.transaction(fail);
      });
    expect(run).toThrow('no');
    expect([state.list('cluster'), state.tagsOf('cluster', 'web')]).toEqual([[], {}]);
    state.put('cluster', 'web', record);
    expect(state.count('cluster')).toBe(1);
  });

  test('a listing goes on after an id', () => {
    const state = StateFile.open(':memory:');
    for (const id of ['b', 'a', 'c']) state.put('cluster', id, { ...record, id });
    expect(state.list('cluster', 'a', 1).map(({ id }) => id)).toEqual(['b']);
    expect(state.list('cluster').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(state.list('subnetgroup')).toEqual([]);
  });

  test('events are kept for fourteen days', () => {
    const state = StateFile.open(':memory:');
    const day = 24 * 3600 * 1000;
    const event = { sourceType: 'cache-cluster', sourceId: 'web', message: 'x' };
    for (const days of [0, 1, 15, 16]) state.addEvent({ ...event, atMs: days * day });
    const all = { fromMs: 0, untilMs: 99 * day, after: 0, limit: 10 };
    expect(state.events(all).map(({ atMs }) => atMs / day)).toEqual([15, 16]);
  });

  test('a file of a newer slabring, and one that is no database, are refused and stay', () => {
    const newer = new DatabaseSync(pathTo('newer.db'));
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(() => StateFile.open(pathTo('newer.db'))).toThrow(/format 99, of a newer slabring/);
    expect(() => StateFile.open(pathTo('none/x.db'))).toThrow(/cannot be opened/);
  });

  test('only its owner may read the file, whatever the umask is', () => {
    const modes = (): readonly string[] =>
      ['a.db', 'a.db-wal'].map((name) => (statSync(pathTo(name)).mode & 0o777).toString(8));
    const mask = process.umask(0);
    try {
      const first = StateFile.open(pathTo('a.db'));
      expect(modes()).toEqual(['600', '600']);
      first.close();
      chmodSync(pathTo('a.db'), 0o644);
      const second = StateFile.open(pathTo('a.db'));
      expect(modes()).toEqual(['600', '600']);
      second.close();
    } finally {
      process.umask(mask);
    }
  });

  test('the file has one manager at a time', () => {
    const first = StateFile.open(pathTo('a.db'));
    expect(() => StateFile.open(pathTo('a.db'))).toThrow(/another slabring manage uses/);
    first.close();
    StateFile.open(pathTo('a.db')).close();
  });

  test('a transaction that SQLite has undone itself fails with the cause', () => {
    const path = pathTo('a.db');
    StateFile.open(path).close();
    const database = new DatabaseSync(path);
    const undo = "SELECT RAISE(ROLLBACK, 'the disk is full')";
    database.exec(`CREATE TRIGGER full BEFORE INSERT ON resources BEGIN ${undo}; END`);
    database.close();
    const state = StateFile.open(path);
    const put = () => state.transaction(() => state.put('cluster', 'web', record));
    expect(put).toThrow('the disk is full');
    expect(state.transaction(() => state.count('cluster'))).toBe(0);
    state.close();
  });
});
