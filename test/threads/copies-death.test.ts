/** As death.test.ts, for threads that take or read states of keys in a cluster. */
import { afterAll, describe, test } from 'vitest';
import { ByteSink } from '../../src/base/index.ts';
import { type ItemState, newItemState } from '../../src/store/index.ts';
import { CopyNode } from '../support/copy-node.ts';
import {
  BIG_BYTES,
  checkEveryDeath,
  faulty,
  KEYS,
  type Scenario,
  type Step,
  sendAll,
  set,
  storeSmallValues,
} from './dying-thread.ts';

/** Chunks that hold less than half of a big value: it takes three. */
const CHAINED = { slabChunkMaxBytes: 8 << 10 };

/** The state of a key at a primary that has executed a request. */
function stateOf(key: string, request: string): ItemState {
  const primary = new CopyNode({ threads: 1 });
  primary.send(request);
  return primary.read(key);
}

const take = (key: string, request: string): readonly Step[] => {
  const state = stateOf(key, request);
  return [(harness) => void harness.store.copies().take(state)];
};
const storeBigValues = sendAll(...KEYS.map((key) => set(key, 0, BIG_BYTES)));

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'take a new item',
    prepare: storeSmallValues,
    steps: take('fresh', set('fresh', 0, 200)),
  },
  {
    name: 'take a value in the chunk of the old one',
    prepare: storeSmallValues,
    steps: take('key-3', set('key-3', 1, 200)),
  },
  {
    name: 'take a value of another class',
    prepare: storeSmallValues,
    steps: take('key-3', set('key-3', 1, 5000, 100)),
  },
  {
    name: 'take a state that a flush would hide',
    prepare: (harness) => {
      storeSmallValues(harness);
      harness.send(`flush_all\r\n${set('key-3', 0, 200)}`);
    },
    steps: take('key-3', set('key-3', 1, 200)),
  },
  { name: 'take an absence', prepare: storeSmallValues, steps: take('key-3', 'mn\r\n') },
  {
    name: 'take a chained value',
    prepare: storeBigValues,
    steps: take('key-3', set('key-3', 1, BIG_BYTES)),
    options: CHAINED,
  },
  {
    name: 'evict an item for a state',
    prepare: storeBigValues,
    steps: take('fresh', set('fresh', 0, BIG_BYTES)),
  },
  {
    name: 'read the state of a chained value',
    prepare: storeBigValues,
    steps: [
      ({ store }) => {
        const [bytes, state] = [Buffer.from('key-3'), newItemState()];
        store.copies().read(bytes, 0, bytes.length, state, new ByteSink(16));
      },
    ],
    options: CHAINED,
  },
];

afterAll(() => faulty.close());

describe('a thread of a cluster that dies at any write leaves only sound items visible:', () => {
  test.each(SCENARIOS)('$name', (scenario) => void checkEveryDeath(scenario));
});
