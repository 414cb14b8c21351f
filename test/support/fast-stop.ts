import { expect } from 'vitest';
import { OP, packet, storeExtras } from './binary-wire.ts';
import type { Twins } from './fast-twins.ts';
import type { SessionHarness, StoreOptions } from './session-harness.ts';

const OUTPUT_BYTES = 64 * 1024;

/** Requests to send, or a change of the store. */
export type Preparation = string | ((harness: SessionHarness) => unknown);
export type Input = string | Buffer;

/** A request that the fast path answers, unless its state or its form is unusual. */
export interface Stop {
  readonly title: string;
  readonly store?: Partial<StoreOptions>;
  /** What both have. */
  readonly given?: Preparation;
  readonly request?: Input;
  /** What makes it unusual: a change of the store, or another request. */
  readonly but?: Preparation;
  readonly unusual?: Input;
  /** Ends the unusual state, so that the JavaScript does not wait for it. */
  readonly after?: Preparation;
}

/** Runs the fast path of a harness on `input[0, end)`; returns where it stops. */
export function runFast(
  { fastPath, sink }: SessionHarness,
  input: Input,
  { end = input.length, requests = 1000, outputBytes = OUTPUT_BYTES, mayWrite = true } = {},
): number {
  const bytes = bytesOf(input);
  if (!fastPath!.reaches(sink)) throw new Error('the sink is not in the region');
  fastPath!.run(bytes, 0, end, sink, requests, {
    outputBytes,
    isBinary: isBinary(bytes),
    mayWrite,
  });
  return fastPath!.at;
}

export function prepare(harness: SessionHarness, preparation: Preparation | undefined): void {
  if (typeof preparation === 'string') harness.send(preparation);
  else preparation?.(harness);
}

/** One preparation after the other. */
export const inOrder =
  (...preparations: readonly Preparation[]) =>
  (harness: SessionHarness): void => {
    for (const each of preparations) prepare(harness, each);
  };

export function bytesOf(input: Input): Buffer {
  return typeof input === 'string' ? Buffer.from(input, 'latin1') : input;
}

const isBinary = (input: Buffer): boolean => input[0] === 0x80;

/** The request between two that the fast path always answers. */
function between(input: Input): Buffer {
  const bytes = bytesOf(input);
  const noop = isBinary(bytes) ? packet({ opcode: OP.noop }) : Buffer.from('mn\r\n');
  return Buffer.concat([noop, bytes, noop]);
}

/** Checks that the fast path answers the request of a stop if nothing is unusual. */
export function checkUsual(twins: Twins, { given, request = 'get a\r\n' }: Stop): void {
  const { plain, fast } = twins;
  prepareBoth(twins, given);
  const input = between(request);
  expect(runFast(fast.harness, input), 'where it stops as usual').toBe(input.length);
  fast.harness.sink.at = 0;
  plain.harness.feedAll(input);
}

/**
 * Checks that the fast path stops in front of an unusual request: nothing changes, and the session
 * then does what one without the fast path does.
 */
export function checkStop(twins: Twins, stop: Stop): void {
  const { given, request = 'get a\r\n', but, unusual = request, after } = stop;
  const { fast } = twins;
  prepareBoth(twins, given);
  prepareBoth(twins, but);
  const before = Buffer.concat(fast.bytes());
  expect(runFast(fast.harness, unusual)).toBe(0);
  expect(fast.harness.sink.at, 'bytes of output').toBe(0);
  expect(before.equals(Buffer.concat(fast.bytes())), 'the store is as it was').toBe(true);
  prepareBoth(twins, after);
  twins.feedCut(between(unusual), []);
  twins.compare();
}

/** Each begins with a session of its own: its first byte selects the protocol. */
function prepareBoth({ plain, fast }: Twins, preparation: Preparation | undefined): void {
  for (const { harness } of [plain, fast]) {
    harness.reconnect();
    prepare(harness, preparation);
    harness.reconnect();
  }
}

/** A `set` without client flags. */
export const set = (key: string, bytes: number, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${bytes}\r\n${'v'.repeat(bytes)}\r\n`;
export const SET_A = set('a', 20);
/** Another item of the same class, so that the class has memory. */
export const SET_Z = set('z', 20);
export const MS_A = `ms a 20\r\n${'w'.repeat(20)}\r\n`;
export const binarySet = (key: string, bytes: number, exptime = 0): Buffer =>
  packet({ opcode: OP.set, key, value: 'v'.repeat(bytes), extras: storeExtras(0, exptime) });
