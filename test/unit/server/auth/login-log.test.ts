import { expect, test } from 'vitest';
import {
  escapeUser,
  type LoginFailureReport,
  LoginLog,
} from '../../../../src/server/auth/login-log.ts';

/** A LoginLog that writes to an array, with a window that the test ends. */
function recordingLog() {
  const reports: LoginFailureReport[] = [];
  const due: (() => void)[] = [];
  const log = new LoginLog(
    (report) => void reports.push(report),
    (run) => void due.push(run),
  );
  const endWindow = (): void => {
    for (const run of due.splice(0)) run();
  };
  return { log, reports, due, endWindow };
}

const failed = (user: string) => ({ kind: 'loginFailed', address: 'tcp:x:1', user });

test('the log reports few failures one by one', () => {
  const { log, reports, endWindow } = recordingLog();
  for (const user of ['a', 'b', 'c']) log.failed('tcp:x:1', user);
  endWindow();
  expect(reports).toEqual(['a', 'b', 'c'].map(failed));
});

test('the log reports five of many failures per second, and counts all others', () => {
  const { log, reports, due, endWindow } = recordingLog();
  for (let i = 0; i < 1000; i++) log.failed('tcp:x:1', 'a');
  for (let i = 0; i < 7; i++) log.overloaded();
  expect(reports.length).toBe(5);
  expect(due.length).toBe(1);
  endWindow();
  expect(reports.at(-1)).toEqual({ kind: 'loginsFailed', unreported: 995, overloads: 7 });
  log.failed('tcp:x:1', 'b');
  expect(reports.at(-1)).toEqual(failed('b'));
  endWindow();
  expect(reports.length).toBe(7);
});

test.each<[string, string]>([
  ['alice', 'alice'],
  ['', ''],
  ['a b', 'a\\x20b'],
  ['a\\x41', 'a\\x5cx41'],
  ['\x1b[31m\x07\r\nFAKE', '\\x1b[31m\\x07\\x0d\\x0aFAKE'],
  ['\x7f\x9b\xff\0', '\\x7f\\x9b\\xff\\x00'],
  ['x'.repeat(64), 'x'.repeat(64)],
  ['x'.repeat(16_000), `${'x'.repeat(64)}…`],
])('the log escapes the user %j as %j', (user, escaped) => expect(escapeUser(user)).toBe(escaped));
