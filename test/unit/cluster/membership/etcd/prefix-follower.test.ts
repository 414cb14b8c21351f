import { afterEach, expect, test } from 'vitest';
import { EtcdError } from '../../../../../src/cluster/membership/etcd/etcd-error.ts';
import type {
  EtcdKey,
  EtcdKeys,
  WatchMessage,
} from '../../../../../src/cluster/membership/etcd/etcd-wire.ts';
import { PrefixFollower } from '../../../../../src/cluster/membership/etcd/prefix-follower.ts';
import { waitUntil } from '../../../../support/wait.ts';

const keyOf = (key: string, value: string, modified: number): EtcdKey => {
  return { key, value, created: 1, modified, lease: '0' };
};

const followers: PrefixFollower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

/** Follows a client that replies to each range in turn, and then to its watch. */
function follow(ranges: readonly EtcdKeys[], watches: readonly (readonly WatchMessage[])[]) {
  const seen: string[] = [];
  let rangeCount = 0;
  let watchCount = 0;
  const client = {
    range: (_prefix: string, limit: number): Promise<EtcdKeys> => {
      // The checks of a watch read one key.
      if (limit === 1) return Promise.resolve(ranges[0]!);
      return Promise.resolve(ranges[Math.min(rangeCount++, ranges.length - 1)]!);
    },
    async *watch(_prefix: string, from: number, signal: AbortSignal) {
      seen.push(`watch from ${from}`);
      yield* watches[watchCount++] ?? [];
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new EtcdError('ERR_ETCD', 'stopped');
    },
  };
  const follower = new PrefixFollower(client as never, '/p/', {
    changed: (state) => seen.push([...state.values()].map(({ value }) => value).join(',')),
    lost: ({ message }) => seen.push(message),
  });
  followers.push(follower);
  return seen;
}

test('a follower reads all keys, and then watches from the next revision', async () => {
  const seen = follow(
    [{ revision: 7, keys: [keyOf('/p/a', '1', 3)], hasMore: false }],
    [
      [
        { kind: 'created' },
        { kind: 'events', events: [{ key: '/p/b', now: keyOf('/p/b', '2', 8) }] },
        { kind: 'events', events: [{ key: '/p/a', now: undefined }] },
      ],
    ],
  );
  await waitUntil('the follower has seen all', () => seen.length === 4);
  expect(seen).toEqual(['1', 'watch from 8', '1,2', '2']);
});

test('a follower reads all keys again when etcd cancels the watch', async () => {
  const seen = follow(
    [
      { revision: 7, keys: [keyOf('/p/a', '1', 3)], hasMore: false },
      { revision: 4, keys: [keyOf('/p/a', '0', 2)], hasMore: false },
    ],
    [[{ kind: 'canceled', reason: 'no leader' }]],
  );
  await waitUntil('the follower watches again', () => seen.length === 5);
  const lost = 'etcd has ended a watch: no leader.';
  expect(seen).toEqual(['1', 'watch from 8', lost, '0', 'watch from 5']);
});

test('a follower refuses a prefix with too many keys', async () => {
  const seen = follow([{ revision: 7, keys: [], hasMore: true }], []);
  await waitUntil('the follower has lost the state', () => seen.length > 0);
  expect(seen[0]).toContain('over 2000 keys below /p/');
});
