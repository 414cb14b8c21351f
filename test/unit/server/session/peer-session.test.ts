import { describe, expect, test } from 'vitest';
import { DIALECT } from '../../../../src/protocol/index.ts';
import { type ClusterSeat, PLACE } from '../../../../src/server/session/cluster-seat.ts';
import { PeerSession } from '../../../../src/server/session/peer-session.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { ManualThread } from '../../../support/manual-session.ts';

/** A peer's session in a node that holds the keys without an `x`. */
function peerSession() {
  const changes: string[] = [];
  /** The keys that it was told of besides, with what was told. */
  const calls: string[] = [];
  const seat: ClusterSeat = {
    hasChanges: false,
    version: 1,
    fast: 'off',
    locate: (bytes, start, end) => {
      const key = bytes.toString('latin1', start, end);
      if (key.includes('?')) return PLACE.undecided;
      return key.includes('x') ? 1 : PLACE.here;
    },
    settled: () => Promise.resolve(),
    forward: () => {
      throw new Error('a peer must not forward');
    },
    holdsCopy: () => false,
    changing: (bytes, start, end) =>
      void calls.push(`changing ${bytes.toString('latin1', start, end)}`),
    read: (bytes, start, end) => void calls.push(`read ${bytes.toString('latin1', start, end)}`),
    changed: (bytes, start, end) => void changes.push(bytes.toString('latin1', start, end)),
    changedFast: () => {},
    seal: () => false,
    mayAnswer: () => true,
    flushAll: () => {},
  };
  const session = new PeerSession(new ManualThread().context, seat);
  const text = (line: string, role: 'admin' | 'readonly' = 'admin') =>
    session.answer(DIALECT.classic, role, Buffer.from(line, 'latin1')).toString('latin1');
  const binary = (parts: Parameters<typeof packet>[0]) => {
    const reply = session.answer(DIALECT.binary, 'admin', packet(parts));
    return typeof reply === 'string' ? reply : packetsOf(reply).packets;
  };
  return { text, binary, changes, calls };
}

describe('the session of a peer', () => {
  test('a peer executes requests of every dialect, and reports the keys they may change', () => {
    const { text, binary, changes } = peerSession();
    expect(text('set a 5 0 1\r\n1\r\n')).toBe('STORED\r\n');
    expect(text('get a b\r\n')).toBe('VALUE a 5 1\r\n1\r\nEND\r\n');
    expect(text('mg a v\r\n')).toBe('VA 1\r\n1\r\n');
    expect(changes.splice(0)).toEqual(['a']);
    expect(text('incr a 4\r\n')).toBe('5\r\n');
    expect(text('mg a T60\r\n')).toBe('HD\r\n');
    expect(text('gat 60 a b\r\n')).toBe('VALUE a 5 1\r\n5\r\nEND\r\n');
    expect(changes.splice(0)).toEqual(['a', 'a', 'a', 'b']);
    expect(binary({ opcode: OP.get, key: 'a' })).toMatchObject([{ status: 0, value: '5' }]);
    expect(changes).toEqual([]);
    expect(binary({ opcode: OP.delete, key: 'a' })).toMatchObject([{ status: 0 }]);
    expect(changes).toEqual(['a']);
  });
  test('a peer reports a key before it changes it, and each key that a reply is about', () => {
    const { text, binary, calls } = peerSession();
    text('set a 5 0 1\r\n1\r\n');
    text('get a b\r\n');
    text('mg a v\r\n');
    expect(calls.splice(0)).toEqual(['changing a', 'read a', 'read b', 'read a']);
    text('mg c v N30\r\n');
    text('mg c v N30\r\n');
    expect(calls.splice(0)).toEqual(['changing c', 'changing c', 'read c']);
    binary({ opcode: OP.get, key: 'a' });
    text('me a\r\n');
    text('gat 60 a b\r\n');
    expect(calls.splice(0)).toEqual(['read a', 'read a', 'changing a', 'changing b']);
    text('set a 5 0 1\r\n2\r\n', 'readonly');
    expect(calls).toEqual([]);
  });
  test('a quiet request has an empty reply', () => {
    const { text, binary, changes } = peerSession();
    expect(text('set a 0 0 1 noreply\r\n1\r\n')).toBe('');
    expect(text('mg b q\r\n')).toBe('');
    expect(binary({ opcode: OP.getq, key: 'b' })).toEqual([]);
    expect(changes).toEqual(['a']);
  });
  test('a lease that a plain mg wins changes the item', () => {
    const { text, changes } = peerSession();
    text('set a 0 0 1\r\n1\r\n');
    expect(text('md a I T30\r\n')).toBe('HD\r\n');
    changes.splice(0);
    expect(text('mg a v\r\n')).toBe('VA 1 X W\r\n1\r\n');
    expect(changes).toEqual(['a']);
    expect(text('mg a v\r\n')).toBe('VA 1 Z X\r\n1\r\n');
    expect(changes).toEqual(['a']);
    expect(text('get a\r\n')).toBe('VALUE a 0 1\r\n1\r\nEND\r\n');
    expect(changes).toEqual(['a']);
  });
  test('a request with one key that is not here has no effect', () => {
    const { text, changes } = peerSession();
    text('set a 0 0 1\r\n1\r\n');
    changes.splice(0);
    expect(text('gat 1 a x b\r\n')).toBe('notMine');
    expect(text('gat 1 a ? x\r\n')).toBe('undecided');
    expect(text('set x 0 0 1\r\n1\r\n')).toBe('notMine');
    expect(changes).toEqual([]);
  });
  test('a reader of another node may not do more than here', () => {
    const { text, changes } = peerSession();
    expect(text('set a 0 0 1\r\n1\r\n', 'readonly')).toBe('CLIENT_ERROR permission denied\r\n');
    expect(text('set a 0 0 9\r\n', 'readonly')).toBe('CLIENT_ERROR permission denied\r\n');
    expect(text('get a\r\n', 'readonly')).toBe('END\r\n');
    expect(changes).toEqual([]);
  });
  test('a storage request without its value gets the refusal of a value of that size', () => {
    const { text, changes } = peerSession();
    text('set a 0 0 1\r\n1\r\n');
    changes.splice(0);
    expect(text('set a 0 0 9000000\r\n')).toBe('SERVER_ERROR object too large for cache\r\n');
    expect(text('get a\r\n')).toBe('END\r\n');
    expect(changes).toEqual(['a']);
    expect(text('set a 0 0 10\r\n')).toBe('SERVER_ERROR out of memory storing object\r\n');
    expect(text('set a 0 0 1\r\n2\r\n')).toBe('STORED\r\n');
    expect(text('get a\r\n')).toBe('VALUE a 0 1\r\n2\r\nEND\r\n');
  });
  test('a large reply comes in one piece, and one that is too large becomes an error', () => {
    const { text } = peerSession();
    const value = 'v'.repeat(900_000);
    for (const key of ['a', 'b']) text(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`);
    const block = (key: string) => `VALUE ${key} 0 ${value.length}\r\n${value}\r\n`;
    expect(text('get a b\r\n') === `${block('a')}${block('b')}END\r\n`).toBe(true);
    const error =
      'SERVER_ERROR the reply is too long to be sent between nodes: ask for fewer keys\r\n';
    expect(text(`get ${'a b '.repeat(20)}\r\n`)).toBe(error);
    expect(text('get a\r\n') === `${block('a')}END\r\n`).toBe(true);
  });
  test('a peer executes nothing but whole requests of a key', () => {
    const { text } = peerSession();
    const error = 'SERVER_ERROR another node forwarded no whole request of a key\r\n';
    for (const line of ['stats\r\n', 'flush_all\r\n', 'get a', 'quit\r\n', 'bad\r\n']) {
      expect(text(line), line).toBe(error);
    }
  });
});
