import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { ChangeGroups } from '../../../../src/cluster/thread/change-groups.ts';
import { KeyBatch } from '../../../../src/cluster/thread/key-batch.ts';
import { settleAll } from '../../../support/settle-all.ts';

describe('groups of changes', () => {
  test('a group is acknowledged when all its deliveries are, with the first error', () => {
    const groups = new ChangeGroups();
    const acknowledged: unknown[] = [];
    const group = groups.begin(1, (error) => void acknowledged.push(error));
    group.open();
    group.open();
    const failure = new CodedError('ERR_TEST', 'It fails.');
    group.settle();
    group.settle(failure);
    expect(acknowledged).toEqual([]);
    group.settle(new CodedError('ERR_TEST', 'It fails again.'));
    expect(acknowledged).toEqual([failure]);
  });
  test('drained waits for the groups of older versions only', async () => {
    const groups = new ChangeGroups();
    const old = groups.begin(1, undefined);
    const older = groups.begin(0, undefined);
    groups.begin(2, undefined);
    let isDrained = false;
    void groups.drained(2).then(() => {
      isDrained = true;
    });
    old.settle();
    await settleAll();
    expect(isDrained).toBe(false);
    older.settle();
    await settleAll();
    expect(isDrained).toBe(true);
    await expect(groups.drained(2)).resolves.toBeUndefined();
  });
});

describe('a batch of keys', () => {
  test('a batch has its keys in order, without a key that comes twice in a row', () => {
    const batch = new KeyBatch();
    const keys = ['a', 'a', 'bb', 'a', 'k'.repeat(250), 'k'.repeat(249)];
    for (const key of keys) batch.add(Buffer.from(`get ${key}`), 4, 4 + key.length);
    const read = Array.from({ length: batch.count }, (_, nth) =>
      batch.bytes.toString('latin1', batch.startOf(nth), batch.endOf(nth)),
    );
    expect(read).toEqual(['a', 'bb', 'a', 'k'.repeat(250), 'k'.repeat(249)]);
  });
});
