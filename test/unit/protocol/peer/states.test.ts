import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { KIND, MalformedFrame } from '../../../../src/protocol/peer/frame.ts';
import {
  beginBatch,
  beginState,
  endState,
  type KeyState,
  StateKeys,
  StatesReader,
} from '../../../../src/protocol/peer/states.ts';
import { received } from '../../../support/peer-frames.ts';

const key = Buffer.from('..a key..');
const value = Buffer.from('the value');
const SENT_MS = 1_800_000_000_000.25;
const [KEY_START, KEY_END] = [2, 7];

const NO_ITEM = {
  ...{ exists: false, valueStart: 0, valueBytes: 0, clientFlags: 0, expiry: 0, idleSeconds: 0 },
  ...{ hits: 0, casHigh: 0, casLow: 0, ownCas: false, ownCasHigh: 0, ownCasLow: 0 },
  ...{ isFetched: false, isStale: false, isLeased: false, isKept: false, keyBinary: false },
};

function stateOf(changes: Partial<KeyState>): KeyState {
  const place = { keySource: key, keyStart: KEY_START, keyBytes: KEY_END - KEY_START };
  const read = { readHigh: 3, readLow: 0xffff_fffe };
  return { ...place, ...read, value: new ByteSink(1), ...NO_ITEM, ...changes };
}

function putStateOf(sink: ByteSink, state: KeyState, bytes: Buffer): void {
  const at = beginState(sink, key, KEY_START, KEY_END);
  sink.ensure(bytes.length);
  sink.putRange(bytes, 0, bytes.length);
  endState(sink, at, state);
}

const FULL: Partial<KeyState> = {
  ...{ exists: true, clientFlags: 0xffff_ffff, expiry: 0xf000_0000, idleSeconds: 12, hits: 3 },
  ...{ casHigh: 0x7fff, casLow: 0xffff_ffff, ownCas: true, ownCasHigh: 0xffff_ffff, ownCasLow: 1 },
  ...{ isFetched: true, isStale: true, isLeased: true, isKept: true, keyBinary: true },
};

/** The fields of a state that have a value of their own, without where its bytes are. */
function facts({ keySource, keyStart, keyBytes, value: source, ...rest }: KeyState) {
  const { valueStart, valueBytes, ...fields } = rest;
  return {
    ...fields,
    key: keySource.toString('latin1', keyStart, keyStart + keyBytes),
    value: source.bytes.toString('latin1', valueStart, valueStart + valueBytes),
  };
}

describe('states', () => {
  test('a batch keeps the fields, the key and the value of each state, in order', () => {
    const states = [
      [stateOf(FULL), value],
      [stateOf({}), Buffer.alloc(0)],
      [stateOf({ exists: true, casLow: 5, ownCas: false }), Buffer.alloc(0)],
      [stateOf({ ...FULL, isStale: false, isKept: false, hits: 0 }), Buffer.alloc(3000, 'x')],
    ] as const;
    const frame = received(KIND.states, (sink) => {
      beginBatch(sink, SENT_MS);
      for (const [state, bytes] of states) putStateOf(sink, state, bytes);
    });
    const reader = new StatesReader();
    reader.open(frame);
    expect(reader.sentMs).toBe(SENT_MS);
    const into = stateOf({ isLeased: true });
    for (const [at, [state, bytes]] of states.entries()) {
      expect(reader.next(into)).toBe(true);
      expect(reader.index).toBe(at);
      expect(facts(into)).toEqual({ ...facts(state), value: bytes.toString('latin1') });
    }
    expect(reader.next(into)).toBe(false);
    expect(reader.next(into)).toBe(false);
  });
  test('a state without an item sends nothing of the item that was read before', () => {
    const put = (state: KeyState) =>
      received(KIND.states, (sink) => {
        sink.bytes.fill(0xff, sink.at);
        putStateOf(sink, state, Buffer.alloc(0));
      }).copyPayload();
    expect(put(stateOf({ ...FULL, exists: false }))).toEqual(put(stateOf({})));
  });
  const malformed: readonly [string, (state: Buffer) => Buffer][] = [
    ['that is cut', (state) => state.subarray(0, state.length - 1)],
    ['whose head is cut', (state) => state.subarray(0, 20)],
    ['with a key of 0 bytes', (state) => state.fill(0, 1, 2)],
    [
      'with a key of 251 bytes',
      (state) => Buffer.concat([state.fill(251, 1, 2), Buffer.alloc(300)]),
    ],
    ['with unknown bits', (state) => state.fill(0xff, 0, 1)],
    ['with a version of 48 bits', (state) => state.fill(0x80, 18, 19)],
    ['with a read number of 48 bits', (state) => state.fill(0x80, 26, 27)],
    ['with 4 hits', (state) => state.fill(4, 2, 3)],
    ['with a value but no item', (state) => state.fill(0, 0, 1)],
    ['whose value is longer than the batch', (state) => state.fill(0xff, 40, 44)],
  ];
  test.each(malformed)('a state %s is malformed', (_name, change) => {
    const whole = received(KIND.states, (sink) => putStateOf(sink, stateOf(FULL), value));
    const changed = change(whole.copyPayload());
    const frame = received(KIND.states, (sink) => {
      beginBatch(sink, SENT_MS);
      sink.ensure(changed.length);
      sink.putRange(changed, 0, changed.length);
    });
    const reader = new StatesReader();
    reader.open(frame);
    expect(() => {
      while (reader.next(stateOf({})));
    }).toThrow(MalformedFrame);
  });
  test.each([
    ['shorter than its time', (batch: Buffer) => batch.subarray(0, 7)],
    ['without a time', (batch: Buffer) => batch.fill(0xff)],
  ] as const)('a batch %s is malformed', (_name, change) => {
    const whole = received(KIND.states, (sink) => beginBatch(sink, SENT_MS));
    const changed = change(whole.copyPayload());
    const frame = received(KIND.states, (sink) => {
      sink.ensure(changed.length);
      sink.putRange(changed, 0, changed.length);
    });
    expect(() => new StatesReader().open(frame)).toThrow(MalformedFrame);
  });
});

describe('the keys of encoded states', () => {
  test('each key is found behind states with values of any length', () => {
    const sink = new ByteSink(16);
    const names = ['a', 'second', 'k'.repeat(250), 'd'];
    for (const [nth, name] of names.entries()) {
      const bytes = Buffer.from(name);
      const at = beginState(sink, bytes, 0, bytes.length);
      const state = { ...stateOf(nth === 1 ? {} : FULL), keyBytes: bytes.length };
      if (state.exists) sink.putRange(Buffer.alloc(nth * 100, 0xff), 0, nth * 100);
      endState(sink, at, state);
    }
    const keys = new StateKeys(Buffer.from(sink.bytes.subarray(0, sink.at)), names.length);
    const found = names.map((_, nth) =>
      keys.bytes.toString('latin1', keys.startOf(nth), keys.endOf(nth)),
    );
    expect(found).toEqual(names);
    expect(keys.count).toBe(names.length);
  });
});
