import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { makeScrypt, parseScrypt } from '../../../../src/server/auth/scrypt.ts';
import {
  editRole,
  editUserFile,
  parseSaslPasswords,
  parseUserFile,
} from '../../../../src/server/auth/user-file.ts';
import type { ScryptSecret, User } from '../../../../src/server/auth/users.ts';

type Pair = readonly [name: string, password: string];

const plain = (users: readonly User[]): Pair[] =>
  users.map(({ name, secret }) => [name, secret.kind === 'plain' ? secret.password : secret.kind]);

describe("the parser of memcached's user file", () => {
  test.each<[string, Pair[]]>([
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
    ['a : b ', [['a ', ' b ']]],
    ['# who may\n\na:b\n\n', [['a', 'b']]],
    ['#a:b\n', [['#a', 'b']]],
    ['a:$scrypt\n', [['a', '$scrypt']]],
    [
      'a:old\na:new\n',
      [
        ['a', 'old'],
        ['a', 'new'],
      ],
    ],
    ['', []],
    ['\n# x\n', []],
  ])('the parser reads %j', (text, users) =>
    expect(plain(parseUserFile('f', text).users)).toEqual(users),
  );

  const hash = '$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g';
  test('the parser reads a hash within bounds', () => {
    expect(plain(parseUserFile('f', `a:$scrypt$ln=17,r=8,p=4${hash}`).users)).toEqual([
      ['a', 'scrypt'],
    ]);
  });

  test.each<[string, RegExp]>([
    ['a:b\nsecretword\n', /^users, line 2: it has no colon/],
    [':secretword', /line 1: it has no user/],
    ['secret:', /line 1: it has no password/],
    ['a:1\na:2\na:3\na:4\na:secretword', /line 5: this user already has 4 lines/],
    [`${'k'.repeat(251)}:secretword`, /line 1: the user name is longer than 250 bytes/],
    [`a:${'x'.repeat(1025)}`, /line 1: the password is longer than 1024 bytes/],
    ['a:x\0secretword', /line 1: it contains a NUL/],
    ['a:b\rc:secretword', /line 1: it contains a carriage return/],
    [`a:$scrypt$ln=18,r=8,p=1${hash}`, /hash is invalid or out of bounds/],
    [`a:$scrypt$ln=0,r=8,p=1${hash}`, /hash is invalid/],
    [`a:$scrypt$ln=15,r=9,p=1${hash}`, /hash is invalid/],
    [`a:$scrypt$ln=15,r=8,p=5${hash}`, /hash is invalid/],
    [`a:$scrypt$ln=15,r=8,p=1${hash.slice(0, -2)}`, /hash is invalid/],
    [`a:$scrypt$ln=15,r=8,p=1${hash}:`, /hash is invalid/],
    ['a:$scrypt$ln=15,r=8,p=1$!$?', /hash is invalid/],
    ['a:$scrypt$secretword', /hash is invalid/],
    [
      Array.from({ length: 1001 }, (_, i) => `u${i}:secretword`).join('\n'),
      /line 1001: the file has more/,
    ],
  ])('the parser refuses %j with a message without secrets', (text, message) => {
    const parse = () => parseUserFile('users', text);
    expect(parse).toThrow(CodedError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/secretword/);
  });
});

describe('editUserFile', () => {
  const salt = Buffer.from('saltsaltsalt');
  const shape = { log2N: 15, blockSize: 8, parallelization: 1, salt };
  const secret: ScryptSecret = { kind: 'scrypt', ...shape, hash: Buffer.alloc(32, 1) };
  const line = `a:$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0$${'AQEB'.repeat(10)}AQE\n`;

  test.each<[string, string, string]>([
    ['', line, ''],
    ['b:x', `b:x\n${line}`, 'b:x\n'],
    ['# a: note\n\na:x\nb:y\r\na:z', `# a: note\n\n${line}b:y\r\n`, '# a: note\n\nb:y\r\n'],
    ['aa:x\n', `aa:x\n${line}`, 'aa:x\n'],
  ])('editUserFile sets and removes a user in %j', (before, withPassword, without) => {
    expect(editUserFile(before, 'a', secret)).toBe(withPassword);
    expect(editUserFile(before, 'a', undefined)).toBe(without);
  });

  test('editUserFile writes lines that the parser reads back unchanged', async () => {
    const secret = await makeScrypt(Buffer.from('x'));
    const text = editUserFile('b:p q\n', 'a', secret);
    expect(parseUserFile('f', text).users).toEqual([
      { name: 'b', secret: { kind: 'plain', password: 'p q' } },
      { name: 'a', secret },
    ]);
    expect(parseScrypt('$scrypt$')).toBeUndefined();
  });
});

describe('the parser of MEMCACHED_SASL_PWDB', () => {
  test.each<[string, Pair[]]>([
    ['a:b', [['a', 'b']]],
    [
      'a:b:more:words',
      [
        ['a', 'b'],
        ['a', 'b:more:words'],
      ],
    ],
    ['a:first\na:second', [['a', 'first']]],
    [
      'a@here:b',
      [
        ['a@here', 'b'],
        ['a', 'b'],
      ],
    ],
    [
      'a@b@HERE:c',
      [
        ['a@b@HERE', 'c'],
        ['a@b', 'c'],
      ],
    ],
    ['@here:b', [['@here', 'b']]],
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
  ])('the parser reads %j', (text, users) =>
    expect(plain(parseSaslPasswords('f', text, 'here').users)).toEqual(users),
  );

  test.each<[string, RegExp]>([
    ['a@here', /line 1: it has no colon/],
    ['a::secretword', /line 1: it has no password/],
  ])('the parser refuses %j', (text, message) => {
    expect(() => parseSaslPasswords('f', text, 'here')).toThrow(message);
  });
});

describe('role lines', () => {
  const rolesIn = (text: string) => [...parseUserFile('f', text).roles];

  test('a role line stands anywhere, and a line with a colon is always a password', () => {
    const text = 'role admin b\na:x\nb:y\nrole readonly a\nrole admin c:z\n# role admin a\n';
    const { users } = parseUserFile('f', text);
    expect(rolesIn(text)).toEqual([
      ['b', 'admin'],
      ['a', 'readonly'],
    ]);
    expect(plain(users)).toEqual([
      ['a', 'x'],
      ['b', 'y'],
      ['role admin c', 'z'],
    ]);
  });

  test.each<[string, RegExp]>([
    ['role owner a\na:x', /^users, line 1: its role is not one of readonly, readwrite, admin\.$/],
    ['role admin a\nrole admin a', /line 2: this user already has a role/],
    ['role admin', /line 1: it has no colon; a line is user:password, or role <role> <user>/],
    [
      Array.from({ length: 1001 }, (_, i) => `role admin u${i}`).join('\n'),
      /line 1001: the file has more than 1000 roles/,
    ],
  ])('the parser refuses %j', (text, message) => {
    expect(() => parseUserFile('users', text)).toThrow(message);
  });

  test('a SASL user keeps its role without its host, unless the short name has its own', () => {
    const { roles } = parseSaslPasswords(
      'f',
      'a@here:x\nb@here:y\nrole admin a@here\nrole admin b@here\nrole readonly b\n',
      'here',
    );
    expect(Object.fromEntries(roles)).toEqual({
      'a@here': 'admin',
      a: 'admin',
      'b@here': 'admin',
      b: 'readonly',
    });
  });

  test('editRole sets, replaces and removes the role of one user', () => {
    const before = '# note\nrole admin a\r\na:x\nrole readonly aa';
    expect(editRole(before, 'a', 'readonly')).toBe(
      '# note\na:x\nrole readonly aa\nrole readonly a\n',
    );
    expect(editRole(before, 'a', 'readwrite')).toBe('# note\na:x\nrole readonly aa\n');
    expect(editRole('', 'a', 'admin')).toBe('role admin a\n');
  });
});
