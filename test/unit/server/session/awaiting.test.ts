import { describe, expect, test } from 'vitest';
import type { Role } from '../../../../src/commands/index.ts';
import { PAUSE } from '../../../../src/server/session/states.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { ManualSession, ManualThread } from '../../../support/manual-session.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A thread whose `refresh_certs` waits until the test settles it. */
function waitingThread() {
  const waits: PromiseWithResolvers<string | undefined>[] = [];
  const reload = () => {
    const wait = Promise.withResolvers<string | undefined>();
    waits.push(wait);
    return wait.promise;
  };
  return { thread: new ManualThread({ reload }), waits };
}

describe('a session that waits for a promise', () => {
  test('a session reads no further until the promise settles, then replies in order', async () => {
    const { thread, waits } = waitingThread();
    const waiter = new ManualSession(thread);
    const input = Buffer.from('version\r\nrefresh_certs\r\nget a\r\nversion\r\n');
    expect(waiter.advance(input)).toBe(PAUSE.awaiting);
    expect(waiter.session.isAwaiting).toBe(true);
    const { at } = waiter.session;
    expect(input.toString('latin1', at)).toBe('get a\r\nversion\r\n');
    expect(waiter.advance(input, at)).toBe(PAUSE.awaiting);
    expect(waiter.session.at).toBe(at);
    expect(waiter.takeReply()).toBe('VERSION test\r\n');
    waits[0]!.resolve(undefined);
    await nextTurn();
    expect(waiter.wakeCount).toBe(1);
    expect(waiter.advance(input, at)).toBe(PAUSE.needInput);
    expect(waiter.takeReply()).toBe('OK\r\nEND\r\nVERSION test\r\n');
  });
  test('a session does not delay other sessions of its thread', async () => {
    const { thread, waits } = waitingThread();
    const [waiter, other] = [new ManualSession(thread), new ManualSession(thread)];
    waiter.advance('refresh_certs\r\n');
    other.advance('set a 0 0 1\r\nx\r\nget a\r\n');
    expect(other.takeReply()).toBe('STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n');
    waits[0]!.resolve('it failed');
    await nextTurn();
    waiter.advance('');
    expect(waiter.takeReply()).toBe('Error it failed\r\n');
    expect(other.wakeCount).toBe(0);
  });
  test('a session drops the result if the connection closes first', async () => {
    const { thread, waits } = waitingThread();
    const waiter = new ManualSession(thread);
    waiter.advance('refresh_certs\r\n');
    waiter.session.abandon();
    waits[0]!.resolve(undefined);
    await nextTurn();
    expect(waiter.wakeCount).toBe(0);
    expect(waiter.takeReply()).toBe('');
  });
  test('a dropped promise does not settle a later wait', async () => {
    const { thread, waits } = waitingThread();
    const waiter = new ManualSession(thread);
    waiter.advance('refresh_certs\r\n');
    waiter.session.abandon();
    waiter.advance('refresh_certs\r\n');
    waits[0]!.resolve('the old one');
    await nextTurn();
    expect(waiter.session.isAwaiting).toBe(true);
    waits[1]!.resolve(undefined);
    await nextTurn();
    waiter.advance('');
    expect(waiter.takeReply()).toBe('OK\r\n');
  });
  test('a session reports a rejected promise as one SERVER_ERROR line, and goes on', async () => {
    const { thread, waits } = waitingThread();
    const waiter = new ManualSession(thread);
    const input = Buffer.from('refresh_certs\r\nversion\r\n');
    waiter.advance(input);
    const { at } = waiter.session;
    waits[0]!.reject(new Error(`no\r\nroom ${'x'.repeat(1000)}`));
    await nextTurn();
    expect(waiter.advance(input, at)).toBe(PAUSE.needInput);
    const [error = '', version] = waiter.takeReply().split('\r\n');
    expect(error).toMatch(/^SERVER_ERROR no room x+$/);
    expect(error.length).toBeLessThan(300);
    expect(version).toBe('VERSION test');
  });
  test('a session writes its reply only when advanced, not into another’s turn', async () => {
    const { thread, waits } = waitingThread();
    const waiter = new ManualSession(thread);
    waiter.advance('refresh_certs\r\n');
    waits[0]!.resolve(undefined);
    await nextTurn();
    expect(thread.sink.at).toBe(0);
    expect(waiter.takeReply()).toBe('');
  });
});

describe('a login', () => {
  const plain = (user: string, password: string) => `\0${user}\0${password}`;
  function loginThread(verify: () => Promise<Role | undefined>, attemptsMax = 2) {
    return new ManualThread(
      {},
      {
        authenticator: { requiresLogin: true, verify },
        loginRules: { refusesText: false, attemptsMax },
      },
    );
  }

  test('a failed authenticator is SERVER_ERROR, or an internal error in binary', async () => {
    const thread = loginThread(() => Promise.reject(new Error('no scrypt')));
    const text = new ManualSession(thread);
    text.advance('set a 0 0 3\r\nu p\r\n');
    const binary = new ManualSession(thread);
    const login = packet({
      opcode: OP.saslAuth,
      key: 'PLAIN',
      value: plain('u', 'p'),
      opaque: 0x1234,
    });
    expect(binary.advance(login)).toBe(PAUSE.awaiting);
    await nextTurn();
    text.advance('');
    expect(text.takeReply()).toBe('SERVER_ERROR no scrypt\r\n');
    binary.advance('');
    const [reply] = packetsOf(Buffer.from(binary.takeReply(), 'latin1')).packets;
    expect(reply).toMatchObject({ status: 0x84, opaque: 0x1234 });
  });
  test('a login keeps the opaque of its request while other sessions decode theirs', async () => {
    const thread = loginThread(() => Promise.resolve('readwrite'));
    const [one, other] = [new ManualSession(thread), new ManualSession(thread)];
    const login = (opaque: number) =>
      packet({ opcode: OP.saslAuth, key: 'PLAIN', value: plain('u', 'p'), opaque });
    one.advance(login(1));
    other.advance(login(2));
    await nextTurn();
    for (const [session, opaque] of [
      [one, 1],
      [other, 2],
    ] as const) {
      session.advance('');
      const [reply] = packetsOf(Buffer.from(session.takeReply(), 'latin1')).packets;
      expect(reply).toMatchObject({ status: 0, opaque });
    }
    expect(one.logins).toEqual(['u true']);
  });
  test('a session closes the connection after the reply to the last allowed login', async () => {
    const session = new ManualSession(loginThread(() => Promise.resolve(undefined)));
    session.advance('set a 0 0 3\r\nu p\r\n');
    await nextTurn();
    expect(session.advance('')).toBe(PAUSE.needInput);
    session.advance('set a 0 0 3\r\nu p\r\n');
    await nextTurn();
    expect(session.advance('')).toBe(PAUSE.close);
    expect(session.takeReply()).toBe('CLIENT_ERROR authentication failure\r\n'.repeat(2));
    expect(session.logins).toEqual(['u false', 'u false']);
  });
});
