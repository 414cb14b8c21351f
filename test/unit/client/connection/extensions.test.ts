import { expect, test } from 'vitest';
import { DeadlineTimer } from '../../../../src/client/connection/deadline-timer.ts';
import { Extensions } from '../../../../src/client/connection/extensions.ts';
import { type ClientTimer, machineRuntime } from '../../../../src/client/connection/runtime.ts';

/** A machine with one timer, which a test fires as late as it likes. */
class LateMachine {
  nowMs = 1000;
  timer: { readonly dueAt: number; readonly onFire: () => void } | undefined;

  readonly runtime = {
    ...machineRuntime,
    now: () => this.nowMs,
    setTimer: (onFire: () => void, delayMs: number): ClientTimer => {
      this.timer = { dueAt: this.nowMs + delayMs, onFire };
      return {
        cancel: () => {
          this.timer = undefined;
        },
        unref: () => {},
      };
    },
  };

  /** Fires the timer this long after its time. */
  fire(lateMs: number): void {
    const { dueAt, onFire } = this.timer!;
    this.timer = undefined;
    this.nowMs = dueAt + lateMs;
    onFire();
  }
}

test('a timer that is late by 10 ms waits as long again, up to three times', () => {
  const extensions = new Extensions();
  const operation = {};
  expect(extensions.next(operation, 9, 1000)).toBe(0);
  expect([extensions.next(operation, 10, 1000), extensions.next(operation, 80, 1000)]).toEqual([
    10, 80,
  ]);
  expect(extensions.next(operation, 5000, 1000)).toBe(1000);
  expect(extensions.next(operation, 5000, 1000)).toBe(0);
  expect(extensions.next({}, 30, 1000)).toBe(30);
});

test('a timer in time ends the wait', () => {
  expect(new Extensions().next({}, 9, 1000)).toBe(0);
});

test('the owner checks its deadlines later by as much as the process was busy', () => {
  const machine = new LateMachine();
  const checks: number[] = [];
  const timer = new DeadlineTimer(machine.runtime, 1000, {
    oldest: () => machine,
    check: (now) => checks.push(now),
  });
  timer.armBy(1050);
  machine.fire(0);
  expect(checks).toEqual([1050]);
  timer.armBy(1100);
  machine.fire(30);
  expect([checks, machine.timer?.dueAt]).toEqual([[1050], 1160]);
  machine.fire(0);
  expect([checks, machine.timer]).toEqual([[1050, 1160], undefined]);
});

test('an earlier deadline during an extension fires in time', () => {
  const machine = new LateMachine();
  const checks: number[] = [];
  const timer = new DeadlineTimer(machine.runtime, 1000, {
    oldest: () => machine,
    check: (now) => checks.push(now),
  });
  timer.armBy(1050);
  machine.fire(500);
  timer.armBy(1600);
  machine.fire(0);
  expect(checks).toEqual([1600]);
});
