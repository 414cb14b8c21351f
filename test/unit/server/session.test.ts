import { describe, expect, test } from 'vitest';
import { PAUSE } from '../../../src/server/session.ts';
import { audit } from '../../../src/store/index.ts';
import { everyCut, pieces } from '../../support/cuts.ts';
import { Talker, testShare } from '../../support/talker.ts';

const CONVERSATIONS: readonly (readonly [requests: string, replies: string])[] = [
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
    'NOT_FOUND\r\nCLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\nNOT_FOUND\r\n',
  ],
  [
    `get ${'k'.repeat(251)} a\r\nset ${'k'.repeat(251)} 0 0 2\r\nxx\r\nversion\r\n`,
    'CLIENT_ERROR bad command line format\r\nCLIENT_ERROR bad command line format\r\nVERSION test\r\n',
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

describe('a conversation is the same however its bytes are cut', () => {
  for (const [requests, replies] of CONVERSATIONS) {
    test(JSON.stringify(requests.slice(0, 70)), () => {
      const bytes = Buffer.from(requests, 'latin1');
      for (const cuts of everyCut(bytes)) {
        const talker = new Talker(testShare({ memoryLimitBytes: 1 << 20 }));
        const parts = pieces(bytes, cuts).map((piece) => Buffer.from(piece));
        expect(talker.feedPieces(parts), `cut at ${cuts}`).toBe(replies);
        expect(audit(talker.store), `cut at ${cuts}`).toEqual([]);
      }
    });
  }
});

test('a value given up at any byte leaves nothing behind', () => {
  const talker = new Talker(testShare());
  talker.say('set keep 0 0 1\r\nk\r\n');
  const bytes = Buffer.from('set a 0 0 10\r\n0123456789\r\n');
  for (let end = 14; end < bytes.length; end++) {
    talker.feed(bytes.subarray(0, end));
    expect(audit(talker.store, 1), `${end} bytes`).toEqual([]);
    talker.session.abandon();
    expect(audit(talker.store), `${end} bytes`).toEqual([]);
  }
  expect(talker.store.index.count()).toBe(1);
});

test('a value too large is skipped, and a set takes the old value with it', () => {
  const talker = new Talker(testShare());
  const large = 'x'.repeat(1_048_577);
  talker.say('set a 0 0 1\r\nk\r\n');
  const error = 'SERVER_ERROR object too large for cache\r\n';
  expect(talker.say(`add a 0 0 ${large.length}\r\n${large}\r\nget a\r\n`)).toBe(
    `${error}VALUE a 0 1\r\nk\r\nEND\r\n`,
  );
  expect(talker.say(`set a 0 0 ${large.length}\r\n${large}\r\nget a\r\n`)).toBe(`${error}END\r\n`);
});

test('the largest item by memcached 1.6.18: 1,048,516 bytes under a key of one byte', () => {
  const talker = new Talker(testShare());
  const fits = 'x'.repeat(1_048_516);
  expect(talker.say(`set a 0 0 ${fits.length}\r\n${fits}\r\n`)).toBe('STORED\r\n');
  expect(talker.say(`get a\r\n`)).toBe(`VALUE a 0 ${fits.length}\r\n${fits}\r\nEND\r\n`);
  const error = 'SERVER_ERROR object too large for cache\r\n';
  expect(talker.say(`set a 0 0 ${fits.length + 1}\r\n${fits}y\r\n`)).toBe(error);
  expect(talker.say(`set a 1 0 ${fits.length}\r\n${fits}\r\n`)).toBe(error);
});

test('a turn ends after the requests it may have', () => {
  const talker = new Talker(testShare(), 0, 2);
  const fed = talker.feed(Buffer.from('version\r\nversion\r\nversion\r\n'));
  expect(fed).toEqual({ reply: 'VERSION test\r\n'.repeat(2), consumed: 18, pause: PAUSE.turnOver });
});

test('a line that is too long ends the connection, unless it is a get', () => {
  const hangsUp = (text: string): boolean => {
    return new Talker(testShare()).feed(Buffer.from(text)).pause === PAUSE.closing;
  };
  expect(hangsUp('x'.repeat(2048))).toBe(false);
  expect(hangsUp('x'.repeat(2049))).toBe(true);
  expect(hangsUp(`set ${'x'.repeat(2049)}`)).toBe(true);
  expect(hangsUp(`get ${'x'.repeat(9000)}`)).toBe(false);
  expect(hangsUp(`${' '.repeat(100)}gets ${'x'.repeat(9000)}`)).toBe(false);
  expect(hangsUp(`${' '.repeat(101)}get ${'x'.repeat(9000)}`)).toBe(true);
  expect(hangsUp(`get ${'x '.repeat(2 ** 21)}`)).toBe(true);
  expect(hangsUp('GET / HTTP/1.1\r\n')).toBe(true);
});
