import { expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import {
  type ItemCopies,
  type ItemState,
  KEY_VERDICT,
  type KeyVerdict,
  type KeyVisitor,
  type KeyWalk,
  newItemState,
  openStore,
  type Taken,
} from '../../../src/store/index.ts';
import { SessionHarness, testShare } from '../../support/session-harness.ts';

const KEYS = 3000;
const KEYS_PER_STEP = 64;

test('the doors of two stores suffice to fill one with the items of the other', () => {
  const harness = new SessionHarness(testShare());
  for (let nth = 0; nth < KEYS; nth++) harness.send(`set key-${nth} 7 0 1\r\nv\r\n`);
  const targetShare = testShare();
  const source = copiesOf(harness.store);
  const target = copiesOf(openStore(targetShare, 0));
  const state: ItemState = newItemState();
  const sink = new ByteSink(16);
  const results = new Set<Taken>();

  const walk: KeyWalk = harness.store.walkKeys();
  const keys = Buffer.alloc(KEYS_PER_STEP * 250);
  const ends: number[] = [0];
  const visit: KeyVisitor = (bytes, start, end): KeyVerdict => {
    const at = ends.at(-1)!;
    ends.push(at + bytes.copy(keys, at, start, end));
    return KEY_VERDICT.keep;
  };
  while (!walk.isDone) {
    ends.length = 1;
    expect(walk.step(KEYS_PER_STEP, visit)).toBe(0);
    for (let nth = 1; nth < ends.length; nth++) {
      sink.at = 0;
      source.read(keys, ends[nth - 1]!, ends[nth]!, state, sink);
      results.add(target.take(state));
    }
  }

  expect([...results].sort()).toEqual(['done']);
  const filled = new SessionHarness(targetShare);
  expect(filled.parts.index.count()).toBe(KEYS);
  for (const key of ['key-0', `key-${KEYS - 1}`]) {
    expect(filled.send(`mg ${key} c f v\r\n`)).toBe(harness.send(`mg ${key} c f v\r\n`));
  }
});

function copiesOf({ copies }: ReturnType<typeof openStore>): ItemCopies {
  return copies();
}
