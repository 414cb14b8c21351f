import { timingSafeEqual } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashWith, makeScrypt } from '../../../../src/server/auth/scrypt.ts';
import { UserAuthenticator } from '../../../../src/server/auth/user-authenticator.ts';
import type { ScryptSecret, User } from '../../../../src/server/auth/users.ts';

const plain = (name: string, password: string): User => ({
  name,
  secret: { kind: 'plain', password },
});
const hashed = async (name: string, password: string, log2N = 4): Promise<User> => ({
  name,
  secret: await cheap(password, log2N),
});

/** A hash with a low cost, for a fast test. */
async function cheap(password: string, log2N: number): Promise<ScryptSecret> {
  const secret = { ...(await makeScrypt(Buffer.from(password))), log2N };
  return { ...secret, hash: await hashWith(secret, Buffer.from(password)) };
}

/** An authenticator that records its work: the cost of each hash, and `=` for each comparison. */
function recordingAuthenticator(users: readonly User[]) {
  const work: (number | '=')[] = [];
  const hashedPasswords: string[] = [];
  let now = 0;
  let overloads = 0;
  const authenticator = new UserAuthenticator(
    { users, roles: new Map() },
    {
      hash: (secret, password) => {
        work.push(secret.log2N);
        hashedPasswords.push(password.toString('latin1'));
        return hashWith(secret, password);
      },
      isEqual: (one, other) => {
        work.push('=');
        return timingSafeEqual(one, other);
      },
      nowMs: () => now,
      onOverload: () => {
        overloads++;
      },
    },
  );
  const verify = async (name: string, password: string): Promise<boolean> => {
    const [user, secret] = [Buffer.from(name, 'latin1'), Buffer.from(password, 'latin1')];
    return (await authenticator.verify(user, secret)) !== undefined;
  };
  const advance = (ms: number): void => {
    now += ms;
  };
  return { authenticator, work, hashedPasswords, verify, advance, overloads: () => overloads };
}

describe('the authenticator', () => {
  test('the authenticator accepts a user only with its password', async () => {
    const { verify } = recordingAuthenticator([
      plain('a', 'one'),
      await hashed('b', 'two'),
      plain('c', '\xff '),
    ]);
    const logins = [
      ['a', 'one', true],
      ['a', 'two', false],
      ['a', '', false],
      ['a', 'one\n', false],
      ['a\0', 'one', false],
      ['b', 'two', true],
      ['b', 'one', false],
      ['c', '\xff ', true],
      ['', '', false],
      ['d', 'one', false],
    ] as const;
    for (const [name, password, accepted] of logins) {
      expect(await verify(name, password), `${name} ${password}`).toBe(accepted);
    }
  });

  test('the authenticator accepts each password of a user, and no other user’s', async () => {
    const users = [plain('a', 'p1'), plain('a', 'p2'), await hashed('a', 'h1')];
    const { verify } = recordingAuthenticator([
      ...users,
      await hashed('a', 'h2', 5),
      plain('b', 'p3'),
    ]);
    for (const password of ['p1', 'p2', 'h1', 'h2']) expect(await verify('a', password)).toBe(true);
    expect(await verify('a', 'p3')).toBe(false);
    for (const password of ['p1', 'p2', 'h1', 'h2'])
      expect(await verify('b', password)).toBe(false);
  });

  test('the authenticator applies a new table at once, also to a check in progress', async () => {
    const { authenticator, verify } = recordingAuthenticator([await hashed('a', 'old')]);
    const table = { users: [await hashed('a', 'new')], roles: new Map() };
    const running = verify('a', 'old');
    authenticator.replace(table);
    expect(await running).toBe(false);
    expect(await verify('a', 'new')).toBe(true);
    expect(await verify('a', 'old')).toBe(false);
  });

  test('the authenticator refuses every user after an empty table', async () => {
    const { authenticator, verify } = recordingAuthenticator([
      plain('a', 'x'),
      await hashed('b', 'y'),
    ]);
    expect(await verify('b', 'y')).toBe(true);
    authenticator.replace({ users: [], roles: new Map() });
    expect([await verify('a', 'x'), await verify('b', 'y'), await verify('', '')]).not.toContain(
      true,
    );
  });

  test('the authenticator refuses a user if hashing fails', async () => {
    const hash = () => Promise.reject(new Error('no memory'));
    const authenticator = new UserAuthenticator(
      { users: [await hashed('a', 'x')], roles: new Map() },
      { hash },
    );
    expect(await authenticator.verify(Buffer.from('a'), Buffer.from('x'))).toBeUndefined();
  });
});

describe('the cost of a login', () => {
  test('the cost of a failed login is the same for every name and every table', async () => {
    const { verify, work } = recordingAuthenticator([
      await hashed('cheap', 'x', 3),
      await hashed('dear', 'x', 5),
      await hashed('both', 'x', 3),
      await hashed('both', 'x', 5),
      plain('one', 'y'),
      plain('three', 'y1'),
      plain('three', 'y2'),
      await hashed('three', 'x', 3),
    ]);
    for (const name of ['cheap', 'dear', 'both', 'one', 'three', 'nobody', '']) {
      work.length = 0;
      expect(await verify(name, 'wrong')).toBe(false);
      expect(work, name).toEqual(['=', '=', 3, '=', 5, '=']);
    }
  });

  test('the cost of a valid login that is not remembered includes all hashes', async () => {
    const { verify, work } = recordingAuthenticator([
      await hashed('a', 'x', 3),
      await hashed('b', 'x', 5),
    ]);
    expect(await verify('a', 'x')).toBe(true);
    expect(work).toEqual([3, '=', 5, '=']);
  });

  test('the cost of a login includes no hash for a valid plain password', async () => {
    const { verify, hashedPasswords } = recordingAuthenticator([
      plain('b', 'y'),
      await hashed('a', 'x'),
    ]);
    expect(await verify('b', 'y')).toBe(true);
    expect(hashedPasswords).toEqual([]);
    expect(await verify('b', 'z')).toBe(false);
    expect(hashedPasswords).toEqual(['z']);
  });

  test('the cost of a login includes no hash if the table has none', async () => {
    const { verify, work } = recordingAuthenticator([plain('b', 'y')]);
    await verify('nobody', 'y');
    expect(work).toEqual(['=']);
  });

  test('the cost of a login includes no hash for a minute after a valid login', async () => {
    const { authenticator, verify, hashedPasswords, advance } = recordingAuthenticator([
      await hashed('a', 'x'),
    ]);
    expect([await verify('a', 'x'), await verify('a', 'x')]).toEqual([true, true]);
    expect(hashedPasswords.length).toBe(1);
    advance(60_001);
    expect(await verify('a', 'x')).toBe(true);
    expect(hashedPasswords.length).toBe(2);
    await verify('a', 'bad');
    await verify('a', 'bad');
    expect(hashedPasswords.length).toBe(4);
    authenticator.replace({ users: [await hashed('a', 'other')], roles: new Map() });
    expect(await verify('a', 'x')).toBe(false);
  });

  test('the cost of a thousand simultaneous equal logins is one hash', async () => {
    const { verify, hashedPasswords, overloads } = recordingAuthenticator([await hashed('a', 'x')]);
    const all = await Promise.all(Array.from({ length: 1000 }, () => verify('a', 'x')));
    expect(all.every((accepted) => accepted)).toBe(true);
    expect(hashedPasswords.length).toBe(1);
    expect(overloads()).toBe(0);
  });

  test('the authenticator refuses logins beyond the waiting limit', async () => {
    const { verify, hashedPasswords, overloads } = recordingAuthenticator([await hashed('a', 'x')]);
    const guesses = Array.from({ length: 400 }, (_, i) => verify('a', `guess ${i}`));
    expect((await Promise.all(guesses)).some((accepted) => accepted)).toBe(false);
    expect(hashedPasswords.length).toBe(66);
    expect(overloads()).toBe(400 - 66);
    expect(await verify('a', 'x')).toBe(true);
  });
});

test('a login has the role of its user, and the default role without one', async () => {
  const users = [await hashed('a', 'x'), await hashed('b', 'y')];
  const authenticator = new UserAuthenticator({ users, roles: new Map([['a', 'admin']]) });
  const roleOf = (name: string, password: string) =>
    authenticator.verify(Buffer.from(name), Buffer.from(password));
  expect([await roleOf('a', 'x'), await roleOf('b', 'y'), await roleOf('a', 'y')]).toEqual([
    'admin',
    'readwrite',
    undefined,
  ]);
  authenticator.replace({ users, roles: new Map([['a', 'readonly']]) });
  expect(await roleOf('a', 'x')).toBe('readonly');
});
