import { beforeEach, describe, expect, test } from 'vitest';
import { Sessions } from '../../../../src/control/console/sessions.ts';

const MINUTE_MS = 60_000;

describe('sessions', () => {
  let nowMs: number;
  let sessions: Sessions;
  beforeEach(() => {
    nowMs = 0;
    sessions = new Sessions(() => nowMs);
  });

  test('a session is found by its id only', () => {
    const id = sessions.begin('A');
    expect(sessions.find(id)?.accessKeyId).toBe('A');
    expect(sessions.find(`${id}x`)).toBeUndefined();
    expect(sessions.find('')).toBeUndefined();
  });
  test('a session that nobody uses ends after an hour', () => {
    const id = sessions.begin('A');
    nowMs = 59 * MINUTE_MS;
    expect(sessions.find(id)).toBeDefined();
    nowMs += 61 * MINUTE_MS;
    expect(sessions.find(id)).toBeUndefined();
  });
  test('each session ends after twelve hours', () => {
    const id = sessions.begin('A');
    for (; nowMs < 12 * 60 * MINUTE_MS; nowMs += 30 * MINUTE_MS) {
      expect(sessions.find(id)).toBeDefined();
    }
    nowMs += 1;
    expect(sessions.find(id)).toBeUndefined();
  });
  test('the session that was used least ends when there are too many', () => {
    const [first, second] = [sessions.begin('1'), sessions.begin('2')];
    expect(sessions.find(first)).toBeDefined();
    for (let nth = 0; nth < 199; nth++) sessions.begin('more');
    expect(sessions.find(first)).toBeDefined();
    expect(sessions.find(second)).toBeUndefined();
  });
  test('a session that was ended is gone', () => {
    const id = sessions.begin('A');
    sessions.end(id);
    expect(sessions.find(id)).toBeUndefined();
  });
  test('a token for signing in is bound to its nonce and to this console', () => {
    expect(sessions.tokenOf('a')).toBe(sessions.tokenOf('a'));
    expect(sessions.tokenOf('a')).not.toBe(sessions.tokenOf('b'));
    expect(sessions.tokenOf('a')).not.toBe(new Sessions(() => 0).tokenOf('a'));
  });
});
