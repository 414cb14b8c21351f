import { describe, expect, test } from 'vitest';
import { audit } from '../../support/audit.ts';
import { OP, packet } from '../../support/binary-wire.ts';
import { binarySet, type Input, MS_A, runFast, SET_A } from '../../support/fast-stop.ts';
import { fastStore, SessionHarness, testShare } from '../../support/session-harness.ts';

const TEXT = [
  ...['get a\r\n', 'gets a\r\n', 'mg a v t\r\n', 'mg a v T30\r\n', SET_A, MS_A],
  ...['delete a\r\n', 'md a\r\n', 'touch a 5\r\n'],
];
const BINARY = [
  ...[OP.get, OP.getq, OP.getk, OP.getkq].map((opcode) => packet({ opcode, key: 'a' })),
  binarySet('a', 20),
];

describe.each(['memory32', 'memory64'] as const)('stopsAtMiss with %s', (kind) => {
  const makeHarness = (): SessionHarness => new SessionHarness(testShare(fastStore(kind)));
  const run = (harness: SessionHarness, input: Input): number => {
    harness.fastPath!.stopsAtMiss = true;
    return runFast(harness, input);
  };

  test.each([...TEXT, ...BINARY])('%j is answered only if its key has an item', (input) => {
    const harness = makeHarness();
    harness.send(SET_A);
    expect(run(harness, input)).toBe(input.length);
    harness.reconnect();
    harness.send('delete a\r\n');
    expect(run(harness, input)).toBe(0);
    harness.fastPath!.stopsAtMiss = false;
    expect(runFast(harness, input)).toBe(input.length);
    expect(audit(harness.parts)).toEqual([]);
  });
  test('a noop is answered', () => {
    for (const noop of ['mn\r\n', packet({ opcode: OP.noop })]) {
      expect(run(makeHarness(), noop)).toBe(noop.length);
    }
  });
  test('a get of several keys stops at the first key without an item', () => {
    const harness = makeHarness();
    harness.send(SET_A);
    expect(run(harness, 'get a b a\r\n')).toBe(0);
    expect(harness.fastPath!.nextKey).toBe(2);
  });
  test('a pipeline stops at the first request for a key without an item', () => {
    const harness = makeHarness();
    harness.send(SET_A);
    expect(run(harness, 'get a\r\nget b\r\nget a\r\n')).toBe('get a\r\n'.length);
  });
});
