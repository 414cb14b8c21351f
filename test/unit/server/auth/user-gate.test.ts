import { timingSafeEqual } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { hashWith, makeScrypt } from '../../../../src/server/auth/scrypt.ts';
import { UserGate } from '../../../../src/server/auth/user-gate.ts';
import type { ScryptSecret, User } from '../../../../src/server/auth/users.ts';

const plain = (name: string, password: string): User => ({
  name,
  secret: { kind: 'plain', password },
});
const hashed = async (name: string, password: string, log2N = 4): Promise<User> => ({
  name,
  secret: await cheap(password, log2N),
});

/** A hash that costs little: the gate does not care. */
async function cheap(password: string, log2N: number): Promise<ScryptSecret> {
  const secret = { ...(await makeScrypt(Buffer.from(password))), log2N };
  return { ...secret, hash: await hashWith(secret, Buffer.from(password)) };
}

/** A gate that writes down its work: the cost of each hash, and `=` for each comparison. */
function watched(users: readonly User[]) {
  const work: (number | '=')[] = [];
  const made: string[] = [];
  let now = 0;
  let overloads = 0;
  const gate = new UserGate(
    { users },
    {
      hash: (secret, password) => {
        work.push(secret.log2N);
        made.push(password.toString('latin1'));
        return hashWith(secret, password);
      },
      same: (one, other) => {
        work.push('=');
        return timingSafeEqual(one, other);
      },
      nowMs: () => now,
      onOverload: () => {
        overloads++;
      },
    },
  );
  const ask = (name: string, password: string) =>
    gate.verify(Buffer.from(name, 'latin1'), Buffer.from(password, 'latin1'));
  const wait = (ms: number): void => {
    now += ms;
  };
  return { gate, work, made, ask, wait, overloads: () => overloads };
}

describe('who is let in', () => {
  test('only who has the password', async () => {
    const { ask } = watched([plain('a', 'one'), await hashed('b', 'two'), plain('c', '\xff ')]);
    const answers = [
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
    for (const [name, password, admitted] of answers) {
      expect(await ask(name, password), `${name} ${password}`).toBe(admitted);
    }
  });

  test('with any of the passwords of one user, and with no one else’s', async () => {
    const users = [plain('a', 'p1'), plain('a', 'p2'), await hashed('a', 'h1')];
    const { ask } = watched([...users, await hashed('a', 'h2', 5), plain('b', 'p3')]);
    for (const password of ['p1', 'p2', 'h1', 'h2']) expect(await ask('a', password)).toBe(true);
    expect(await ask('a', 'p3')).toBe(false);
    for (const password of ['p1', 'p2', 'h1', 'h2']) expect(await ask('b', password)).toBe(false);
  });

  test('a new table counts at once, also for who is being looked at', async () => {
    const { gate, ask } = watched([await hashed('a', 'old')]);
    const table = { users: [await hashed('a', 'new')] };
    const asked = ask('a', 'old');
    gate.replace(table);
    expect(await asked).toBe(false);
    expect(await ask('a', 'new')).toBe(true);
    expect(await ask('a', 'old')).toBe(false);
  });

  test('nobody by an empty table', async () => {
    const { gate, ask } = watched([plain('a', 'x'), await hashed('b', 'y')]);
    expect(await ask('b', 'y')).toBe(true);
    gate.replace({ users: [] });
    expect([await ask('a', 'x'), await ask('b', 'y'), await ask('', '')]).not.toContain(true);
  });

  test('nobody when hashing fails', async () => {
    const hash = () => Promise.reject(new Error('no memory'));
    const gate = new UserGate({ users: [await hashed('a', 'x')] }, { hash });
    expect(await gate.verify(Buffer.from('a'), Buffer.from('x'))).toBe(false);
  });
});

describe('what it costs', () => {
  test('a failed login takes the same work for every name, whatever stands in the table', async () => {
    const { ask, work } = watched([
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
      expect(await ask(name, 'wrong')).toBe(false);
      expect(work, name).toEqual(['=', '=', 3, '=', 5, '=']);
    }
  });

  test('as does a right password among wrong ones, until it is remembered', async () => {
    const { ask, work } = watched([await hashed('a', 'x', 3), await hashed('b', 'x', 5)]);
    expect(await ask('a', 'x')).toBe(true);
    expect(work).toEqual([3, '=', 5, '=']);
  });

  test('a plain password costs no hash, though others have one', async () => {
    const { ask, made } = watched([plain('b', 'y'), await hashed('a', 'x')]);
    expect(await ask('b', 'y')).toBe(true);
    expect(made).toEqual([]);
    expect(await ask('b', 'z')).toBe(false);
    expect(made).toEqual(['z']);
  });

  test('without hashes there is none to make', async () => {
    const { ask, work } = watched([plain('b', 'y')]);
    await ask('nobody', 'y');
    expect(work).toEqual(['=']);
  });

  test('a good login is remembered for a minute, a bad one never', async () => {
    const { gate, ask, made, wait } = watched([await hashed('a', 'x')]);
    expect([await ask('a', 'x'), await ask('a', 'x')]).toEqual([true, true]);
    expect(made.length).toBe(1);
    wait(60_001);
    expect(await ask('a', 'x')).toBe(true);
    expect(made.length).toBe(2);
    await ask('a', 'bad');
    await ask('a', 'bad');
    expect(made.length).toBe(4);
    gate.replace({ users: [await hashed('a', 'other')] });
    expect(await ask('a', 'x')).toBe(false);
  });

  test('a thousand clients that come together with one password share one hash', async () => {
    const { ask, made, overloads } = watched([await hashed('a', 'x')]);
    const all = await Promise.all(Array.from({ length: 1000 }, () => ask('a', 'x')));
    expect(all.every((admitted) => admitted)).toBe(true);
    expect(made.length).toBe(1);
    expect(overloads()).toBe(0);
  });

  test('only so many wait for a hash; the others are refused, and none is forgotten', async () => {
    const { ask, made, overloads } = watched([await hashed('a', 'x')]);
    const guesses = Array.from({ length: 400 }, (_, i) => ask('a', `guess ${i}`));
    expect((await Promise.all(guesses)).some((admitted) => admitted)).toBe(false);
    expect(made.length).toBe(66);
    expect(overloads()).toBe(400 - 66);
    expect(await ask('a', 'x')).toBe(true);
  });
});
