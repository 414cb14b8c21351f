import { describe, expect, test } from 'vitest';
import { hashWith, makeScrypt } from '../../../../src/server/auth/scrypt.ts';
import { UserGate } from '../../../../src/server/auth/user-gate.ts';
import type { ScryptSecret, User } from '../../../../src/server/auth/users.ts';

const plain = (name: string, password: string): User => ({
  name,
  secret: { kind: 'plain', password },
});
const hashed = async (name: string, password: string): Promise<User> => ({
  name,
  secret: { ...(await cheap(password)) },
});

/** A hash that costs little: the gate does not care. */
async function cheap(password: string): Promise<ScryptSecret> {
  const secret = { ...(await makeScrypt(Buffer.from(password))), log2N: 4 };
  return { ...secret, hash: await hashWith(secret, Buffer.from(password)) };
}

/** A gate that counts the hashes it makes. */
function counting(users: readonly User[]) {
  const made: Buffer[] = [];
  let now = 0;
  const gate = new UserGate(
    { users },
    {
      hash: (secret, password) => {
        made.push(password);
        return hashWith(secret, password);
      },
      nowMs: () => now,
    },
  );
  const ask = (name: string, password: string) =>
    gate.verify(Buffer.from(name, 'latin1'), Buffer.from(password, 'latin1'));
  const wait = (ms: number): void => {
    now += ms;
  };
  return { gate, made, ask, wait };
}

describe('who is let in', () => {
  test('only who has the password', async () => {
    const { ask } = counting([plain('a', 'one'), await hashed('b', 'two'), plain('c', '\xff ')]);
    const answers = [
      ['a', 'one', true],
      ['a', 'two', false],
      ['a', '', false],
      ['a', 'one\n', false],
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

  test('a new table counts at once, also for who is being looked at', async () => {
    const { gate, ask } = counting([await hashed('a', 'old')]);
    const table = { users: [await hashed('a', 'new')] };
    const asked = ask('a', 'old');
    gate.replace(table);
    expect(await asked).toBe(false);
    expect(await ask('a', 'new')).toBe(true);
    expect(await ask('a', 'old')).toBe(false);
  });
});

describe('what it costs', () => {
  test('a user that is not there costs the same hash as one that is', async () => {
    const { ask, made } = counting([await hashed('a', 'x'), plain('b', 'y')]);
    for (const name of ['a', 'b', 'nobody']) {
      made.length = 0;
      await ask(name, 'wrong');
      expect(made.length, name).toBe(1);
    }
  });

  test('without hashes there is none to make', async () => {
    const { ask, made } = counting([plain('b', 'y')]);
    await ask('nobody', 'y');
    expect(made.length).toBe(0);
  });

  test('a good login is remembered for a minute, a bad one never', async () => {
    const { ask, made, wait } = counting([await hashed('a', 'x')]);
    expect([await ask('a', 'x'), await ask('a', 'x')]).toEqual([true, true]);
    expect(made.length).toBe(1);
    wait(60_001);
    expect(await ask('a', 'x')).toBe(true);
    expect(made.length).toBe(2);
    await ask('a', 'bad');
    await ask('a', 'bad');
    expect(made.length).toBe(4);
  });

  test('only so many wait for a hash; the others are refused, and none is forgotten', async () => {
    const { ask, made } = counting([await hashed('a', 'x')]);
    const all = Array.from({ length: 400 }, () => ask('a', 'x'));
    const admitted = (await Promise.all(all)).filter((each) => each).length;
    expect(admitted).toBe(258);
    expect(made.length).toBe(258);
  });
});
