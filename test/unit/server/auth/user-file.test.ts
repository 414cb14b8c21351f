import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { makeScrypt } from '../../../../src/server/auth/scrypt.ts';
import {
  parseSaslPasswords,
  parseUserFile,
  showUserFile,
} from '../../../../src/server/auth/user-file.ts';
import type { User } from '../../../../src/server/auth/users.ts';

const plain = (users: readonly User[]) =>
  users.map(({ name, secret }) => [name, secret.kind === 'plain' ? secret.password : secret.kind]);

describe("memcached's file", () => {
  test.each<[string, string[][]]>([
    ['a:b', [['a', 'b']]],
    ['a:b\n', [['a', 'b']]],
    [
      'a:b\r\nc:d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['a:b c:d\n', [['a', 'b c:d']]],
    ['# who may\n\na:b\n', [['a', 'b']]],
    ['#a:b\n', [['#a', 'b']]],
    ['a:$scrypt\n', [['a', '$scrypt']]],
  ])('%j', (text, users) => expect(plain(parseUserFile('f', text))).toEqual(users));

  test.each<[string, RegExp]>([
    ['', /names no user/],
    ['\n# x\n', /names no user/],
    ['a:b\nsecretword\n', /^users, line 2: there is no colon/],
    [':secretword', /line 1: there is no user/],
    ['secret:', /line 1: there is no password/],
    ['a:b\na:secretword', /line 2: this user has a line already/],
    [`${'k'.repeat(251)}:secretword`, /line 1: the user is over 250 bytes/],
    [`a:${'x'.repeat(1025)}`, /line 1: the password is over 1024 bytes/],
    ['a:x\0secretword', /line 1: there is a NUL/],
    ['a:$scrypt$ln=40,r=8,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g', /hash is damaged/],
    ['a:$scrypt$ln=15,r=8,p=1$!$?', /hash is damaged/],
    [
      Array.from({ length: 1001 }, (_, i) => `u${i}:secretword`).join('\n'),
      /line 1001: there are more/,
    ],
  ])('%j is refused without telling secrets', (text, why) => {
    const refused = () => parseUserFile('users', text);
    expect(refused).toThrow(CodedError);
    expect(refused).toThrow(why);
    expect(refused).not.toThrow(/secretword/);
  });

  test('what is written reads back the same', async () => {
    const hashed = { name: 'a', secret: await makeScrypt(Buffer.from('x')) };
    const users = [hashed, { name: 'b', secret: { kind: 'plain' as const, password: 'p q' } }];
    expect(parseUserFile('f', showUserFile(users))).toEqual(users);
  });
});

describe('MEMCACHED_SASL_PWDB', () => {
  test.each<[string, string[][]]>([
    ['a:b', [['a', 'b']]],
    ['a:b:more:words', [['a', 'b']]],
    [
      'a@here:b',
      [
        ['a@here', 'b'],
        ['a', 'b'],
      ],
    ],
    [
      'a@there:1\na@here:2',
      [
        ['a@there', '1'],
        ['a@here', '2'],
        ['a', '2'],
      ],
    ],
    [
      'a:0\na@here:2',
      [
        ['a', '0'],
        ['a@here', '2'],
      ],
    ],
  ])('%j', (text, users) => expect(plain(parseSaslPasswords('f', text, 'here'))).toEqual(users));
});
