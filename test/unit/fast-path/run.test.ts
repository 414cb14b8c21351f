import { describe, expect, test, vi } from 'vitest';
import { PAUSE } from '../../../src/server/session/states.ts';
import { CONTROL } from '../../../src/store/memory/layout.ts';
import { audit } from '../../support/audit.ts';
import { OP, packet } from '../../support/binary-wire.ts';
import { binarySet, bytesOf, MS_A, runFast, SET_A, set } from '../../support/fast-stop.ts';
import { Twins } from '../../support/fast-twins.ts';
import { fastStore, SessionHarness, testShare } from '../../support/session-harness.ts';

const READ_BUFFER_BYTES = 64 * 1024;
const STEP_BYTES = 64 * 1024;
const SINK_BYTES = 256 * 1024;
const FRAME_BYTES = 1024;
const STRIPE_MASK = 4095;

const makeHarness = (options: ConstructorParameters<typeof SessionHarness>[2] = {}) =>
  new SessionHarness(testShare(fastStore('memory32')), 0, options);

describe('the end of a run', () => {
  test('the fast path answers no more requests than are left of the turn', () => {
    const harness = makeHarness();
    for (const [requests, answered] of [
      [1, 1],
      [3, 3],
      [4, 4],
      [9, 4],
    ] as const) {
      expect(runFast(harness, 'mn\r\n'.repeat(4), { requests })).toBe(4 * answered);
      expect(harness.fastPath!.requestsLeft).toBe(requests - answered);
    }
  });
  test('a get that has begun takes the keys that it needs of the turn', () => {
    const harness = makeHarness();
    expect(runFast(harness, 'get a b c d\r\nget e\r\n', { requests: 2 })).toBe(13);
    expect(harness.fastPath!.requestsLeft).toBe(-2);
  });
  test('no request begins when the output is long, and each has room for its value', () => {
    const harness = makeHarness();
    harness.send(set('a', 4000));
    const replyBytes = 'VALUE a 0 4000\r\n'.length + 4000 + '\r\nEND\r\n'.length;
    const begun = Math.ceil((STEP_BYTES + 1) / replyBytes);
    expect(runFast(harness, 'get a\r\n'.repeat(100))).toBe(7 * begun);
    expect(harness.sink.at).toBe(begun * replyBytes);
  });
  test('no request begins without room for the longest reply to a miss', () => {
    const harness = makeHarness();
    const { sink } = harness;
    const all = sink.bytes;
    sink.swap(all.subarray(0, FRAME_BYTES - 1));
    for (const input of ['mn\r\n', 'get a\r\n', 'delete a\r\n'])
      expect(runFast(harness, input)).toBe(0);
    sink.swap(all.subarray(0, FRAME_BYTES));
    expect(runFast(harness, 'mn\r\n')).toBe(4);
  });
  test('a get stops between two keys when the next value has no room, and goes on there', () => {
    const twins = new Twins({ kind: 'memory64', store: { memoryLimitBytes: 2 << 20 } });
    for (const { harness } of [twins.plain, twins.fast]) harness.send(set('a', 4000));
    const line = Buffer.from(`mn\r\nget${' a'.repeat(100)}\r\n`);
    const hitBytes = 'VALUE a 0 4000\r\n\r\n'.length + 4000;
    const keys = Math.floor((SINK_BYTES - 4 - FRAME_BYTES - 4000) / hitBytes) + 1;
    expect(runFast(twins.fast.harness, line)).toBe(4);
    expect(twins.fast.harness.fastPath!.nextKey).toBe(keys + 1);
    expect(twins.fast.harness.sink.at).toBe(4 + keys * hitBytes);

    const again = new Twins({ kind: 'memory64', store: { memoryLimitBytes: 2 << 20 } });
    again.feedCut(Buffer.concat([Buffer.from(set('a', 4000)), line, line]), []);
    again.compare();
    // The JavaScript goes on with the other keys.
    expect(again.fastRequests).toBeGreaterThan(1.5 * keys);
  });
  test('a get that finds a chained item between its keys goes on in JavaScript', () => {
    const twins = new Twins({ kind: 'memory32', store: { slabChunkMaxBytes: 8192 } });
    const input = `${SET_A}${set('large', 20_000)}${'get a a large a a\r\n'.repeat(3)}get a\r\n`;
    twins.feedCut(Buffer.from(input), []);
    twins.compare();
    // The first set takes a page of the pool.
    expect(twins.fastRequests).toBe(3 * 2 + 1);
  });
});

describe('an incomplete request', () => {
  const WHOLE = [
    'get a b\r\n',
    'gets a\n',
    'mg a v k O123 T30\r\n',
    'mn\r\n',
    SET_A,
    SET_A.replace('20', '20 noreply'),
    MS_A.replace('20', '20 c T30 F0 MS'),
    'delete a noreply\r\n',
    'delete a noreply\n',
    'md a q\r\n',
    'touch a 100\r\n',
    packet({ opcode: OP.getk, key: 'a' }),
    packet({ opcode: OP.noop }),
    binarySet('a', 20),
  ];
  test.each(WHOLE)('the fast path waits for the rest of %j', (input) => {
    const { fast } = new Twins({ kind: 'memory32', store: { memoryLimitBytes: 1 << 20 } });
    const { harness } = fast;
    harness.send(SET_A + set('z', 20));
    const bytes = bytesOf(input);
    // What follows in the buffer is the rest of the request: the fast path must not look at it.
    const { readBuffer } = harness;
    bytes.copy(readBuffer!);
    const before = Buffer.concat(fast.bytes());
    for (let end = 0; end < bytes.length; end++) {
      expect(runFast(harness, readBuffer!, { end }), `the first ${end} bytes`).toBe(0);
    }
    expect(harness.sink.at).toBe(0);
    expect(before.equals(Buffer.concat(fast.bytes()))).toBe(true);
    expect(runFast(harness, readBuffer!, { end: bytes.length })).toBe(bytes.length);
  });
  test('a request that ends where the read buffer ends has its reply', () => {
    const harness = makeHarness();
    harness.send(SET_A);
    for (const request of ['get a\r\n', 'mg a v\r\n', SET_A, MS_A, 'mn\r\n', 'delete a\r\n']) {
      const input = `${'get a\r\n'.repeat(9400)}${request}`.slice(-READ_BUFFER_BYTES);
      const start = READ_BUFFER_BYTES - request.length;
      Buffer.from(input).copy(harness.readBuffer!);
      expect(harness.feed(harness.readBuffer!, start).consumedBytes).toBe(READ_BUFFER_BYTES);
    }
    expect(harness.send('get a\r\n')).toBe('END\r\n');
  });
  test('an input in another buffer may be longer than the place for copies', () => {
    const twins = new Twins({ kind: 'memory32' });
    for (const { harness } of [twins.plain, twins.fast]) harness.readsIntoRegion = false;
    const input = Buffer.from(SET_A + 'get a missing-key a\r\n'.repeat(5000));
    twins.feedCut(input, [10, 9000]);
    twins.compare();
    // The get at the end of each copy is incomplete there.
    expect(twins.fastRequests).toBeGreaterThan(3 * 4900);
  });
});

describe('what the fast path may do', () => {
  const WRITES = [SET_A, MS_A, 'delete a\r\n', 'md a\r\n', 'touch a 5\r\n', 'mg a v T30\r\n'];
  const READS = ['get a\r\n', 'gets a\r\n', 'mg a v t\r\n', 'mn\r\n'];

  test('without the right to write it reads only', () => {
    const harness = makeHarness();
    harness.send(SET_A);
    const run = (input: string | Buffer) => runFast(harness, input, { mayWrite: false });
    for (const input of READS) expect(run(input), input).toBe(input.length);
    for (const input of WRITES) expect(run(input), input).toBe(0);
    const packets = [OP.get, OP.getq, OP.getk, OP.getkq].map((opcode) =>
      packet({ opcode, key: 'a' }),
    );
    for (const input of [...packets, packet({ opcode: OP.noop })]) {
      expect(run(input)).toBe(input.length);
    }
    expect(run(binarySet('a', 20))).toBe(0);
    expect(audit(harness.parts)).toEqual([]);
  });
  test('a client that may only read has its reads answered fast', async () => {
    const harness = makeHarness({
      authenticator: { requiresLogin: true, verify: () => Promise.resolve('readonly') },
    });
    const { fastPath } = harness;
    let runs = 0;
    const run = fastPath!.run.bind(fastPath);
    fastPath!.run = (...args) => {
      runs++;
      run(...args);
    };
    expect(harness.send('get a\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n');
    harness.send('set login 0 0 3\r\nu p\r\n');
    await new Promise(setImmediate);
    expect(harness.send('')).toBe('STORED\r\n');
    expect(runs).toBe(0);
    for (const input of WRITES) expect(harness.send(input), input).toMatch(/^CLIENT_ERROR/);
    runs = 0;
    expect(harness.send('get a\r\nmg a v\r\n')).toBe('END\r\nEN\r\n');
    expect(runs).toBe(1);
  });
  test.each<[string, (twins: Twins, isOn: boolean) => void]>([
    [
      'events are watched',
      ({ fast }, isOn) => {
        fast.log.watchedStreams = isOn ? 1 : 0;
      },
    ],
    [
      'prefixes are counted',
      ({ fast }, isOn) => {
        fast.prefixes.enabled = isOn;
      },
    ],
    [
      'the output is in another buffer',
      ({ fast }, isOn) => {
        const { sink } = fast.harness;
        if (isOn) other = sink.swap(Buffer.alloc(SINK_BYTES));
        else sink.swap(other);
      },
    ],
  ])('the fast path answers nothing while %s', (_, change) => {
    const twins = new Twins({ kind: 'memory32' });
    const requests = Buffer.from('get a\r\nmg a v\r\n');
    twins.feedCut(requests, []);
    expect(twins.fastRequests).toBe(2);
    change(twins, true);
    twins.feedCut(requests, []);
    expect(twins.fastRequests).toBe(2);
    change(twins, false);
    twins.feedCut(requests, []);
    expect(twins.fastRequests).toBe(4);
  });
  let other: Buffer<ArrayBufferLike> = Buffer.alloc(0);

  test('a session that logs every request does not use the fast path', () => {
    const logged: string[] = [];
    const log = (_: object, text: string) => void logged.push(text);
    const traceLog = { trace: log, debug: log, info: log, warn: log, error: log };
    const harness = makeHarness({ traceLog } as object);
    harness.send('get a\r\nget a\r\n');
    expect(logged).toHaveLength(2);
  });
});

describe('the growth of the index', () => {
  /** Stores keys until the next one makes the index split a bucket. */
  function fillIndex(harness: SessionHarness): number {
    const { index, arena } = harness.parts;
    arena.control[CONTROL.buckets] = STRIPE_MASK + 1;
    let nth = 0;
    for (; index.count() <= (STRIPE_MASK + 1) * 1.5 - 1; nth++) harness.send(set(`k${nth}`, 2));
    return nth;
  }
  test('a new key in a full index splits a bucket', () => {
    const harness = makeHarness();
    const next = fillIndex(harness);
    const { index } = harness.parts;
    expect(index.bucketCount()).toBe(STRIPE_MASK + 1);
    const input = set(`k${next}`, 2);
    expect(runFast(harness, input)).toBe(input.length);
    expect(index.bucketCount()).toBe(STRIPE_MASK + 2);
    expect(audit(harness.parts)).toEqual([]);
  });
  test.each([
    ['growth', 'control', CONTROL.growLock],
    ['the bucket', 'stripes', 0],
  ] as const)('a new key in a full index does not wait for the lock of %s', (_, part, at) => {
    const harness = makeHarness();
    const next = fillIndex(harness);
    const { index, arena } = harness.parts;
    arena[part][at] = 1;
    const input = set(`k${next}`, 2);
    expect(runFast(harness, input)).toBe(input.length);
    expect(index.bucketCount()).toBe(STRIPE_MASK + 1);
    arena[part][at] = 0;
    expect(audit(harness.parts)).toEqual([]);
    const another = set(`k${next + 1}`, 2);
    expect(runFast(harness, another)).toBe(another.length);
    expect(index.bucketCount()).toBe(STRIPE_MASK + 2);
  });
});

test('sessions pause where they pause without the fast path', () => {
  const twins = new Twins({ kind: 'memory32', requestsPerTurn: 3 });
  const { pause, consumedBytes } = twins.feed(Buffer.from('mn\r\n'.repeat(9)), 0, 36);
  expect([pause, consumedBytes]).toEqual([PAUSE.yielded, 12]);
});

test('a packet with another magic byte closes a connection of the binary protocol', () => {
  const twins = new Twins({ kind: 'memory32' });
  const noop = packet({ opcode: OP.noop });
  const other = packet({ opcode: OP.get, key: 'a', magic: 0x81 });
  const { pause, consumedBytes } = twins.feed(Buffer.concat([noop, other, noop]), 0, 73);
  expect([pause, consumedBytes]).toEqual([PAUSE.close, noop.length]);
});

describe('requests that the fast path does not know', () => {
  test('after four of them JavaScript serves 16 requests alone, then it asks again', () => {
    const harness = makeHarness();
    harness.send('set n 0 0 1\r\n1\r\n');
    const run = vi.spyOn(harness.fastPath!, 'run');
    const counts = Array.from({ length: 40 }, (_, nth) => `${nth + 2}\r\n`).join('');
    expect(harness.send('incr n 1\r\n'.repeat(40))).toBe(counts);
    // Four, then one after each 16 requests.
    expect(run).toHaveBeenCalledTimes(4 + 2);
    run.mockClear();
    harness.send('incr n 1\r\n'.repeat(4) + 'get n\r\n'.repeat(40));
    expect(run.mock.calls.length).toBeLessThan(8);
  });
  test('the session asks again with the next input', () => {
    const harness = makeHarness();
    harness.send('set n 0 0 1\r\n1\r\n');
    const run = vi.spyOn(harness.fastPath!, 'run');
    for (let nth = 0; nth < 20; nth++) harness.send('incr n 1\r\n');
    expect(run).toHaveBeenCalledTimes(20);
  });
});
