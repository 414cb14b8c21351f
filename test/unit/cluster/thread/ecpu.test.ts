import { describe, expect, test } from 'vitest';
import { replyEcpu, requestEcpu } from '../../../../src/cluster/thread/ecpu.ts';
import { EcpuMeter } from '../../../../src/cluster/thread/ecpu-meter.ts';
import { EcpuShare } from '../../../../src/cluster/thread/ecpu-share.ts';
import type { ForwardedRun } from '../../../../src/server/index.ts';

const VALUE_BYTES = 3 * 1024;
const value = 'x'.repeat(VALUE_BYTES);
const kib = (text: string): number => text.length / 1024;

const REPLIES: readonly (readonly [what: string, replies: string, ecpu: number])[] = [
  ['replies below a kibibyte cost nothing more', 'STORED\r\n'.repeat(100), 0],
  [
    'a value costs each further kibibyte',
    `VALUE k 0 ${VALUE_BYTES}\r\n${value}\r\nEND\r\n`,
    kib(`VALUE k 0 ${VALUE_BYTES}\r\n${value}\r\n`) - 1,
  ],
  [
    'a value of a meta get, too',
    `VA ${VALUE_BYTES} v\r\n${value}\r\n`,
    kib(`VA ${VALUE_BYTES} v\r\n${value}\r\n`) - 1,
  ],
  [
    'small values of many requests cost nothing more',
    `VALUE k 0 9\r\n123456789\r\nEND\r\n`.repeat(100),
    0,
  ],
  [
    'a value that looks like a reply is none',
    `VALUE k 0 ${VALUE_BYTES}\r\n${'VALUE a 0 9\n'.repeat(256)}\r\nEND\r\n`,
    kib(`VALUE k 0 ${VALUE_BYTES}\r\n${value}\r\n`) - 1,
  ],
];

describe('ECPU of requests and replies', () => {
  test('each command costs 1, and more beyond a kibibyte', () => {
    expect(requestEcpu([10, 20, 30], 3)).toBe(3);
    expect(requestEcpu([40], 5)).toBe(5);
    expect(requestEcpu([2048, 2058], 2)).toBe(3);
  });

  for (const [what, replies, ecpu] of REPLIES) {
    test(what, () => expect(replyEcpu(Buffer.from(replies), false)).toBeCloseTo(ecpu));
  }

  test('binary replies end where their headers say', () => {
    const reply = Buffer.alloc(24 + VALUE_BYTES, 'V');
    reply.writeUInt32BE(VALUE_BYTES, 8);
    expect(replyEcpu(Buffer.concat([reply, reply]), true)).toBeCloseTo(
      2 * (reply.length / 1024 - 1),
    );
  });
});

/** Two threads with one bucket, on a clock of the test. */
function meters(perSecondMax: number) {
  let nowMs = 0;
  const timers: { at: number; fire: () => void }[] = [];
  const clock = {
    sharedMs: () => nowMs,
    setTimer: (fire: () => void, ms: number) => {
      const timer = { at: nowMs + ms, fire };
      timers.push(timer);
      return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
    },
  };
  const memory = EcpuShare.allocate(perSecondMax);
  const meter = () => new EcpuMeter(new EcpuShare(memory), clock);
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const timer of timers.filter(({ at }) => at <= nowMs)) {
      timers.splice(timers.indexOf(timer), 1);
      timer.fire();
    }
  };
  return { meters: [meter(), meter()] as const, memory, pass };
}

describe('meter of a proxy', () => {
  test('all threads together get what the limit says, over any time', () => {
    const { meters: both, pass } = meters(1000);
    let served = 0;
    for (let ms = 0; ms < 10_000; ms++) {
      for (const meter of both) {
        while (!meter.isOver) {
          meter.add(1);
          served++;
        }
      }
      pass(1);
    }
    expect(served).toBeGreaterThan(9900);
    expect(served).toBeLessThan(10_300);
  });

  test('a session that waits is woken when there is room, and not after it has left', () => {
    const {
      meters: [meter],
      pass,
    } = meters(1000);
    const woken: string[] = [];
    const leaver = () => woken.push('leaver');
    meter.add(200);
    expect(meter.isOver).toBe(true);
    meter.wait(() => woken.push('waiter'), true);
    meter.wait(leaver, true);
    meter.wait(() => {}, false);
    meter.leave(leaver);
    pass(50);
    expect(woken).toEqual([]);
    pass(60);
    expect(woken).toEqual(['waiter']);
    expect(meter.isOver).toBe(false);
    expect(meter.waits).toBe(2);
  });

  test('a bucket that nobody has used for 30 days is empty', () => {
    const {
      meters: [meter],
      pass,
    } = meters(1000);
    meter.add(200);
    pass(30 * 24 * 3600 * 1000);
    expect(meter.isOver).toBe(false);
  });

  test('a bucket that leaks less than its least part in a look leaks in the end', () => {
    const {
      meters: [meter],
      pass,
    } = meters(1);
    meter.add(1);
    let lookCount = 0;
    for (; meter.isOver && lookCount < 2000; lookCount++) pass(1);
    expect(lookCount).toBeLessThanOrEqual(900);
  });

  test('a new limit holds at once', () => {
    const {
      meters: [meter],
      memory,
    } = meters(1000);
    meter.add(500);
    expect(meter.isOver).toBe(true);
    new EcpuShare(memory).perSecondMax = 100_000;
    expect(meter.isOver).toBe(false);
  });

  test('a run is counted when it leaves, and its replies when they come', () => {
    const {
      meters: [meter],
    } = meters(1000);
    const sent: ForwardedRun[] = [];
    const settled: string[] = [];
    const run: ForwardedRun = {
      ...{ dialect: 0, role: 'admin', bytes: Buffer.from('get a b\r\n'), ends: [9], itemsMax: 2 },
      settle: (replies) => settled.push(replies.toString().slice(0, 5)),
      failure: () => Buffer.from('failed'),
    };
    meter.metered((_, each) => sent.push(each))(0, run);
    expect(meter.used).toBe(2);
    sent[0]!.settle(Buffer.from(`VALUE a 0 ${VALUE_BYTES}\r\n${value}\r\nEND\r\n`));
    expect(meter.used).toBeCloseTo(2 + kib(`VALUE a 0 ${VALUE_BYTES}\r\n${value}\r\n`) - 1);
    expect(settled).toEqual(['VALUE']);
  });
});
