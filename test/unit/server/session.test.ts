import { describe, expect, test } from 'vitest';
import { PAUSE } from '../../../src/server/session/states.ts';
import { audit } from '../../support/audit.ts';
import { everyCut, pieces } from '../../support/cuts.ts';
import { ManualSession, ManualThread } from '../../support/manual-session.ts';
import { SessionHarness, testShare } from '../../support/session-harness.ts';

const EXCHANGES: readonly (readonly [requests: string, replies: string])[] = [
  ['set a 5 0 3\r\nabc\r\nget a b\r\n', 'STORED\r\nVALUE a 5 3\r\nabc\r\nEND\r\n'],
  ['set a 0 0 0\r\n\r\nget a\r\n', 'STORED\r\nVALUE a 0 0\r\n\r\nEND\r\n'],
  ['set a 0 0 3 noreply\r\nabc\r\ngets a\r\n', 'VALUE a 0 3 1\r\nabc\r\nEND\r\n'],
  [
    'set a 0 0 3\r\nabcde\r\nversion\r\n',
    'CLIENT_ERROR bad data chunk\r\nERROR\r\nVERSION test\r\n',
  ],
  ['set a 0 0 x\r\nversion\r\n', 'CLIENT_ERROR bad command line format\r\nVERSION test\r\n'],
  ['set a x 0 3\r\nabc\r\nversion\r\n', 'CLIENT_ERROR bad command line format\r\nVERSION test\r\n'],
  ['set a 0 0 3 4 5\r\nabc\r\nversion\r\n', 'ERROR\r\nVERSION test\r\n'],
  [
    'set n 0 0 2\r\n10\r\nincr n 5\r\ndecr n 7\r\nget n\r\n',
    'STORED\r\n15\r\n8\r\nVALUE n 0 2\r\n8 \r\nEND\r\n',
  ],
  [
    'add a 0 0 1\r\nx\r\nadd a 0 0 1\r\ny\r\nappend a 0 0 1\r\nz\r\nget a\r\n',
    'STORED\r\nNOT_STORED\r\nSTORED\r\nVALUE a 0 2\r\nxz\r\nEND\r\n',
  ],
  ['get a\nversion \r\n get a\r\n\r\n\n', 'END\r\nVERSION test\r\nEND\r\nERROR\r\nERROR\r\n'],
  [
    'delete a 0\r\ndelete a 1\r\ndelete a noreply\r\ntouch a 0\r\n',
    'NOT_FOUND\r\nCLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n' +
      'NOT_FOUND\r\n',
  ],
  [
    `get ${'k'.repeat(251)} a\r\nset ${'k'.repeat(251)} 0 0 2\r\nxx\r\nversion\r\n`,
    `${'CLIENT_ERROR bad command line format\r\n'.repeat(2)}VERSION test\r\n`,
  ],
  [
    'flush_all\r\nflush_all noreply\r\nflush_all x\r\nverbosity 1\r\n',
    'OK\r\nCLIENT_ERROR invalid exptime argument\r\nOK\r\n',
  ],
  [
    'gat 0 a\r\ngat x a\r\ngets\r\nget\r\nfoo\r\n',
    'END\r\nCLIENT_ERROR invalid exptime argument\r\nERROR\r\nERROR\r\nERROR\r\n',
  ],
];

describe('a session sends the same replies however the network cuts the requests', () => {
  for (const [requests, replies] of EXCHANGES) {
    test(JSON.stringify(requests.slice(0, 70)), () => {
      const bytes = Buffer.from(requests, 'latin1');
      for (const cuts of everyCut(bytes)) {
        const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
        const parts = pieces(bytes, cuts).map((piece) => Buffer.from(piece));
        expect(harness.feedPieces(parts), `cut at ${cuts}`).toBe(replies);
        expect(audit(harness.parts), `cut at ${cuts}`).toEqual([]);
      }
    });
  }
});

test('a session that ends at any byte of a value leaves no chunks behind', () => {
  const harness = new SessionHarness(testShare());
  harness.send('set keep 0 0 1\r\nk\r\n');
  const bytes = Buffer.from('set a 0 0 10\r\n0123456789\r\n');
  for (let end = 14; end < bytes.length; end++) {
    harness.feed(bytes.subarray(0, end));
    expect(audit(harness.parts, 1), `${end} bytes`).toEqual([]);
    harness.session.abandon();
    expect(audit(harness.parts), `${end} bytes`).toEqual([]);
  }
  expect(harness.parts.index.count()).toBe(1);
});

test('a session skips a value that is too large, and a set removes the old value', () => {
  const harness = new SessionHarness(testShare());
  const large = 'x'.repeat(1_048_577);
  harness.send('set a 0 0 1\r\nk\r\n');
  const error = 'SERVER_ERROR object too large for cache\r\n';
  expect(harness.send(`add a 0 0 ${large.length}\r\n${large}\r\nget a\r\n`)).toBe(
    `${error}VALUE a 0 1\r\nk\r\nEND\r\n`,
  );
  expect(harness.send(`set a 0 0 ${large.length}\r\n${large}\r\nget a\r\n`)).toBe(
    `${error}END\r\n`,
  );
});

test('the largest value of a one-byte key is memcached 1.6.18’s: 1,048,516 bytes', () => {
  const harness = new SessionHarness(testShare());
  const fits = 'x'.repeat(1_048_516);
  expect(harness.send(`set a 0 0 ${fits.length}\r\n${fits}\r\n`)).toBe('STORED\r\n');
  expect(harness.send(`get a\r\n`)).toBe(`VALUE a 0 ${fits.length}\r\n${fits}\r\nEND\r\n`);
  const error = 'SERVER_ERROR object too large for cache\r\n';
  expect(harness.send(`set a 0 0 ${fits.length + 1}\r\n${fits}y\r\n`)).toBe(error);
  expect(harness.send(`set a 1 0 ${fits.length}\r\n${fits}\r\n`)).toBe(error);
});

test('a session yields after `requestsPerTurn` requests', () => {
  const harness = new SessionHarness(testShare(), 0, { requestsPerTurn: 2 });
  const fed = harness.feed(Buffer.from('version\r\nversion\r\nversion\r\n'));
  expect(fed).toEqual({
    reply: 'VERSION test\r\n'.repeat(2),
    consumedBytes: 18,
    pause: PAUSE.yielded,
  });
});

describe('a turn counts the keys of gets', () => {
  const getOf = (keyCount: number): string => `get${' k'.repeat(keyCount)}\r\n`;
  /** The bytes that each turn of `-R 20` serves. */
  const turnsOf = (text: string): readonly number[] => {
    const harness = new SessionHarness(testShare(), 0, { requestsPerTurn: 20 });
    const input = Buffer.from(text);
    const turns: number[] = [];
    for (let at = 0; at < input.length; ) {
      const fed = harness.feed(input, at);
      turns.push(fed.consumedBytes - at);
      at = fed.consumedBytes;
    }
    return turns;
  };
  const lineBytes = (keyCount: number): number => getOf(keyCount).length;

  test('a get of 100 keys takes the whole turn', () => {
    expect(turnsOf(getOf(100).repeat(3))).toEqual([1, 1, 1].map(() => lineBytes(100)));
  });
  test('gets share a turn until they have had its keys', () => {
    const [ten, one] = [lineBytes(10), lineBytes(1)];
    expect(turnsOf(getOf(10).repeat(5))).toEqual([2 * ten, 2 * ten, ten]);
    expect(turnsOf(getOf(1).repeat(45))).toEqual([20 * one, 20 * one, 5 * one]);
    // The last request of a turn may exceed it.
    expect(turnsOf(getOf(15).repeat(3))).toEqual([2 * lineBytes(15), lineBytes(15)]);
    expect(turnsOf(`version\r\n${getOf(19)}version\r\n`)).toEqual([9 + lineBytes(19), 9]);
  });
  test('a long get continues in later turns, and its line is decoded once', () => {
    const thread = new ManualThread({}, { requestsPerTurn: 20 });
    const session = new ManualSession(thread);
    session.advance('set k 0 0 1\r\nx\r\n');
    expect(session.takeReply()).toBe('STORED\r\n');
    const input = Buffer.from(`${getOf(1200)}version\r\n`);
    thread.decodeCount = 0;
    const hitsPerTurn: number[] = [];
    let reply = '';
    for (let at = 0, pause: number = PAUSE.yielded; pause === PAUSE.yielded; ) {
      pause = session.advance(input, at);
      at = session.session.at;
      const part = session.takeReply();
      hitsPerTurn.push(part.split('VALUE').length - 1);
      reply += part;
    }
    expect(hitsPerTurn).toEqual([500, 500, 200, 0]);
    const hit = 'VALUE k 0 1\r\nx\r\n';
    expect(reply).toBe(`${hit.repeat(1200)}END\r\nVERSION test\r\n`);
    expect(thread.decodeCount).toBe(2);
  });
});

test('a line that is too long closes the connection, unless it is a get', () => {
  const closes = (text: string): boolean => {
    return new SessionHarness(testShare()).feed(Buffer.from(text)).pause === PAUSE.close;
  };
  expect(closes('x'.repeat(2048))).toBe(false);
  expect(closes('x'.repeat(2049))).toBe(true);
  expect(closes(`set ${'x'.repeat(2049)}`)).toBe(true);
  expect(closes(`get ${'x'.repeat(9000)}`)).toBe(false);
  expect(closes(`${' '.repeat(100)}gets ${'x'.repeat(9000)}`)).toBe(false);
  expect(closes(`${' '.repeat(101)}get ${'x'.repeat(9000)}`)).toBe(true);
  expect(closes(`get ${'x '.repeat(2 ** 21)}`)).toBe(true);
  expect(closes('GET / HTTP/1.1\r\n')).toBe(true);
});

test('a request that costs as much as many gets ends the turn of its connection', () => {
  const turnsOf = (requests: string): number => {
    const harness = new SessionHarness(testShare(), 0, { requestsPerTurn: 20 });
    const bytes = Buffer.from(requests, 'latin1');
    let turns = 0;
    for (let at = 0; at < bytes.length; turns++) at = harness.feed(bytes, at).consumedBytes;
    return turns;
  };
  expect(turnsOf('get a\r\n'.repeat(20))).toBe(1);
  expect(turnsOf('stats\r\n'.repeat(20))).toBe(20);
  expect(turnsOf('config get cluster\r\n'.repeat(20))).toBe(20);
  expect(turnsOf('slabs automove 1\r\n'.repeat(20))).toBe(20);
  expect(turnsOf('stats detail on\r\nget a\r\n'.repeat(10))).toBe(11);
});

test('stats sizes lists every size, in pieces between the turns of other connections', () => {
  const harness = new SessionHarness(testShare({ memoryLimitBytes: 32 << 20 }));
  harness.send('stats sizes_enable\r\n');
  const rowsOf = (reply: string): readonly string[] => reply.match(/^STAT \d+ \d+\r$/gm) ?? [];
  expect(harness.send('stats sizes\r\nmn\r\n')).toBe('END\r\nMN\r\n');
  for (let i = 0; i < 1200; i++) {
    harness.send(`set key-${i} 0 0 ${32 * i}\r\n${'x'.repeat(32 * i)}\r\n`);
  }
  const items = harness.store.view.itemCount();
  const bytes = Buffer.from('stats sizes\r\n');
  const first = harness.feed(bytes);
  expect(first.pause).toBe(PAUSE.yielded);
  const whole = first.reply + harness.send('');
  const total = rowsOf(whole).reduce((sum, row) => sum + Number(row.split(' ')[2]), 0);
  expect([total, whole.endsWith('END\r\n')]).toEqual([items, true]);
});
