import { describe, expect, test } from 'vitest';
import { roleIn, whyNoAccessString } from '../../../../src/control/model/access-string.ts';
import { usersText } from '../../../../src/control/model/users-text.ts';
import { parseUserFile } from '../../../../src/server/index.ts';

describe('access strings', () => {
  test.each([
    ['on ~* +@all', 'admin'],
    ['on ~* +@all -@dangerous', 'readwrite'],
    ['on allkeys +@read +@write', 'readwrite'],
    ['on ~* -@all +@read', 'readonly'],
    ['on ~* +@read -@read', undefined],
    ['on ~* +@write', undefined],
    ['on ~* +@all -@read', undefined],
    ['on ~* +@read +@write -get', undefined],
    ['on ~* +@all -set', 'readonly'],
    ['off ~* +@all', undefined],
    ['on +@all', undefined],
    ['', undefined],
  ])('%s is the role %s', (text, role) => {
    expect(whyNoAccessString(text)).toBeUndefined();
    expect(roleIn(text)).toBe(role);
  });

  test.each(['on ~app:* +@all', 'on ~* +@stream', 'on ~* +__proto__', '+', 'on\u0000'])(
    '%j is refused: a node cannot do it',
    (text) => {
      expect(whyNoAccessString(text)).toContain('a node knows');
    },
  );
});

describe('the file of users', () => {
  const user = { id: 'a', name: 'app', accessString: 'on ~* +@read', secrets: ['one', 'two'] };

  test('each password is a line, and a user who is off has none', () => {
    const off = { ...user, name: 'gone', accessString: 'off' };
    const { users, roles } = parseUserFile('x', usersText([user, off]));
    expect(users.map(({ name }) => name)).toEqual(['app', 'app']);
    expect(roles.get('app')).toBe('readonly');
  });

  test('a file without users has one whose password nobody knows', () => {
    const { users } = parseUserFile('x', usersText([]));
    expect(users.map(({ secret }) => secret.kind)).toEqual(['scrypt']);
  });
});
