import { expect, test } from 'vitest';
import { expandShortFlags } from '../../../../src/cli/options/short-flags.ts';
import { serverFlags } from '../../../../src/node/index.ts';

test.each([
  ['-p 11212', '--port=11212'],
  ['-p11212', '--port=11212'],
  ['-p=11212', '--port=11212'],
  ['-vv', '--verbose --verbose'],
  ['-v -v', '--verbose --verbose'],
  ['-Fm 64', '--disable-flush-all --memory-limit=64'],
  ['-Fm64', '--disable-flush-all --memory-limit=64'],
  ['-vvm64 -X', '--verbose --verbose --memory-limit=64 --disable-dumping'],
  ['-p -1', '--port=-1'],
  ['-l a -l b', '--listen=a --listen=b'],
  ['-p', '--port'],
  ['-vp', '--verbose --port'],
  ['--port 1 -t2', '--port 1 --threads=2'],
  ['-Q -vQ', '-Q --verbose -Q'],
  ['word - -1', 'word - -1'],
  ['-v -- -v', '--verbose -- -v'],
  ['', ''],
])('"%s" expands to "%s"', (typed, expanded) => {
  expect(expandShortFlags(typed.split(' '), serverFlags)).toEqual(expanded.split(' '));
});

test.each([
  [['-m 256'], ['--memory-limit=256']],
  [['-l  ::1'], ['--listen=::1']],
  [
    ['-vm 256', '-F '],
    ['--verbose', '--memory-limit=256', '--disable-flush-all'],
  ],
  [['-p', ' 7'], ['--port=7']],
  [
    ['--port 7', '--verbose '],
    ['--port=7', '--verbose '],
  ],
  [['-v -F'], ['--verbose', '-F']],
])('one argument with a blank: %j expands to %j', (args, expanded) => {
  expect(expandShortFlags(args, serverFlags)).toEqual(expanded);
});

test('an empty argument after a short option is its value', () => {
  expect(expandShortFlags(['-s', '', '-v'], serverFlags)).toEqual(['--unix-socket=', '--verbose']);
});
