import { expect, test } from 'vitest';
import { LoginLog, type LoginNews, shownUser } from '../../../../src/server/auth/login-log.ts';

function written() {
  const told: LoginNews[] = [];
  const due: (() => void)[] = [];
  const log = new LoginLog(
    (news) => void told.push(news),
    (run) => void due.push(run),
  );
  const endWindow = (): void => {
    for (const run of due.splice(0)) run();
  };
  return { log, told, due, endWindow };
}

const failed = (user: string) => ({ kind: 'loginFailed', address: 'tcp:x:1', user });

test('few failures are told one by one', () => {
  const { log, told, endWindow } = written();
  for (const user of ['a', 'b', 'c']) log.failed('tcp:x:1', user);
  endWindow();
  expect(told).toEqual(['a', 'b', 'c'].map(failed));
});

test('of many, five a second; the rest are counted, none is forgotten', () => {
  const { log, told, due, endWindow } = written();
  for (let i = 0; i < 1000; i++) log.failed('tcp:x:1', 'a');
  for (let i = 0; i < 7; i++) log.overloaded();
  expect(told.length).toBe(5);
  expect(due.length).toBe(1);
  endWindow();
  expect(told.at(-1)).toEqual({ kind: 'loginsFailed', untold: 995, overloads: 7 });
  log.failed('tcp:x:1', 'b');
  expect(told.at(-1)).toEqual(failed('b'));
  endWindow();
  expect(told.length).toBe(7);
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
])('%j is shown as %j', (user, shown) => expect(shownUser(user)).toBe(shown));
