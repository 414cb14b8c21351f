import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import {
  Exchange,
  requiresLogin,
  type SingleRequest,
} from '../../../../src/client/connection/exchange.ts';
import { MalformedReply } from '../../../../src/protocol/client.ts';
import { everyCut, pieces } from '../../../support/cuts.ts';

const VERSION: SingleRequest = { verb: 'version' };
const CONFIG: SingleRequest = { verb: 'config-get', key: 'cluster' };
const LEGACY: SingleRequest = { verb: 'get', key: 'AmazonElastiCache:cluster', cas: false };
const MEMORY: SingleRequest = { verb: 'limit-memory', mebibytes: 100 };
const FACTS: SingleRequest = { verb: 'item-facts', keyBytes: Buffer.from('a b') };
const FACTS_LINE = 'ME YSBi exp=-1 la=0 cas=1 fetch=no cls=1 size=60';
const LOGIN = { username: 'app', password: 'pass word' };
const DATA = '12\na|10.0.0.1|11211 b||11212\n';
const UNAUTHENTICATED = 'CLIENT_ERROR unauthenticated\r\n';
const CONFIG_REPLY = `CONFIG cluster 0 ${DATA.length}\r\n${DATA}\r\nEND\r\n`;

function requestOf(exchange: Exchange): string {
  const sink = new ByteSink(64);
  exchange.encodeRequest(sink);
  return sink.bytes.toString('latin1', 0, sink.at);
}

/** Runs an exchange against replies: returns its requests, and its reply if there is one. */
function runExchange(exchange: Exchange, replies: readonly (readonly Uint8Array[])[]) {
  const requests = [requestOf(exchange)];
  // A socket reuses its buffer, so the exchange must copy every byte that it still needs.
  const socketBuffer = Buffer.alloc(65_536);
  for (const reply of replies) {
    for (const [at, piece] of reply.entries()) {
      socketBuffer.set(piece);
      const progress = exchange.receive(socketBuffer, piece.length);
      socketBuffer.fill('?');
      if (progress === undefined) continue;
      expect(at).toBe(reply.length - 1);
      if (progress !== 'next-request') {
        const { status, line, value } = progress;
        return { requests, reply: [status, line, value.toString()] };
      }
      requests.push(requestOf(exchange));
    }
  }
  return { requests, reply: undefined };
}

const whole = (...replies: readonly string[]): Uint8Array[][] =>
  replies.map((reply) => [Buffer.from(reply, 'latin1')]);
const binaryReply = (opcode: number, status: number, extras: string, value: string): string => {
  const head = Buffer.alloc(24);
  head.set([0x81, opcode]);
  head[4] = extras.length;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(extras.length + value.length, 8);
  head.writeUInt32BE(1, 12);
  return head.toString('latin1') + extras + value;
};

describe('an exchange', () => {
  test('the request to resize the memory is a line of text', () => {
    expect(requestOf(new Exchange(MEMORY))).toBe('cache_memlimit 100\r\n');
  });
  test('the request for the facts of an item is a line of text', () => {
    expect(requestOf(new Exchange(FACTS))).toBe('me YSBi b\r\n');
  });
  test.each<[SingleRequest, 'classic' | 'binary', string, readonly [string, string, string]]>([
    [VERSION, 'classic', 'VERSION 1.6.18\r\n', ['line', '1.6.18', '']],
    [VERSION, 'classic', 'ERROR\r\n', ['refused', 'ERROR', '']],
    [CONFIG, 'classic', CONFIG_REPLY, ['value', '', DATA]],
    [
      CONFIG,
      'classic',
      'CONFIG cluster 0 8\r\na\r\nEND\r\n\r\nEND\r\n',
      ['value', '', 'a\r\nEND\r\n'],
    ],
    [CONFIG, 'classic', 'CONFIG cluster 0 0\r\n\r\nEND\r\n', ['value', '', '']],
    [CONFIG, 'classic', 'END\r\n', ['miss', '', '']],
    [CONFIG, 'classic', 'ERROR\r\n', ['refused', 'ERROR', '']],
    [CONFIG, 'classic', 'SERVER_ERROR busy\r\n', ['refused', 'SERVER_ERROR busy', '']],
    [
      LEGACY,
      'classic',
      `VALUE AmazonElastiCache:cluster 0 ${DATA.length} 77\r\n${DATA}\r\nEND\r\n`,
      ['value', '', DATA],
    ],
    [FACTS, 'classic', `${FACTS_LINE}\r\n`, ['line', FACTS_LINE, '']],
    [FACTS, 'classic', 'EN\r\n', ['miss', '', '']],
    [MEMORY, 'classic', 'OK\r\n', ['done', '', '']],
    [MEMORY, 'classic', 'MEMLIMIT_TOO_SMALL x\r\n', ['refused', 'MEMLIMIT_TOO_SMALL x', '']],
    [MEMORY, 'classic', 'ERROR\r\n', ['refused', 'ERROR', '']],
    [VERSION, 'binary', binaryReply(0x0b, 0, '', '1.6.18'), ['line', '1.6.18', '']],
    [CONFIG, 'binary', binaryReply(0x60, 0, '\0\0\0\0', DATA), ['value', '', DATA]],
    [CONFIG, 'binary', binaryReply(0x60, 1, '', 'Not found'), ['miss', '', '']],
  ])('%j in %s decodes %j, cut at every byte', (request, dialect, wire, expected) => {
    const bytes = Buffer.from(wire, 'latin1');
    for (const cuts of everyCut(bytes)) {
      const { reply: found } = runExchange(new Exchange(request, dialect), [pieces(bytes, cuts)]);
      expect(found, `cut at ${cuts}`).toEqual(expected);
    }
    for (let end = 0; end < bytes.length; end++) {
      const cut = runExchange(new Exchange(request, dialect), [[bytes.subarray(0, end)]]);
      expect(cut.reply, `without the bytes from ${end}`).toBeUndefined();
    }
  });

  test.each([
    [VERSION, 'HTTP/1.1 400 Bad Request\r\n'],
    [VERSION, 'STORED\r\n'],
    [VERSION, 'VERSION 1\n'],
    [VERSION, 'x'.repeat(5000)],
    [CONFIG, 'VERSION 1.6.18\r\n'],
    [CONFIG, 'LOCK_ERROR\r\n'],
    [CONFIG, 'CONFIG cluster 0 65537\r\n'],
    [CONFIG, 'CONFIG cluster 0 2\r\nabc\r\nEND\r\n'],
    [CONFIG, 'CONFIG cluster 0 5\r\nab\r\nEND\r\n'],
    [CONFIG, `VALUE AmazonElastiCache:cluster 0 1\r\nx\r\nEND\r\n`],
    [LEGACY, CONFIG_REPLY],
  ])('the reply to %j may not be %.30j', (request, wire) => {
    expect(() => runExchange(new Exchange(request), whole(wire))).toThrow(MalformedReply);
  });
});

describe('a login of an exchange', () => {
  const SET = 'set auth 0 0 13\r\napp pass word\r\n';
  const GET = 'config get cluster\r\n';
  test('a login is sent only if the node demands it, and the request follows again', () => {
    const plain = runExchange(new Exchange(CONFIG, 'classic', LOGIN), whole(CONFIG_REPLY));
    expect(plain).toEqual({ requests: [GET], reply: ['value', '', DATA] });
    const replies = whole(UNAUTHENTICATED, 'STORED\r\n', CONFIG_REPLY);
    const found = runExchange(new Exchange(CONFIG, 'classic', LOGIN), replies);
    expect(found).toEqual({ requests: [GET, SET, GET], reply: ['value', '', DATA] });
  });
  test.each(['ERROR\r\n', 'SERVER_ERROR busy\r\n', 'END\r\n'])(
    'a login is not sent after %j',
    (reply) => {
      const { requests } = runExchange(new Exchange(CONFIG, 'classic', LOGIN), whole(reply));
      expect(requests).toEqual([GET]);
    },
  );
  test('a login is sent once: a node that stays unauthenticated is a reply', () => {
    const replies = whole(UNAUTHENTICATED, 'STORED\r\n', UNAUTHENTICATED);
    const { requests, reply } = runExchange(new Exchange(CONFIG, 'classic', LOGIN), replies);
    expect(requests).toEqual([GET, SET, GET]);
    expect(reply).toEqual(['refused', 'CLIENT_ERROR unauthenticated', '']);
  });
  test('a login may be refused', () => {
    const replies = whole(UNAUTHENTICATED, 'CLIENT_ERROR authentication failure\r\n');
    expect(() => runExchange(new Exchange(CONFIG, 'classic', LOGIN), replies)).toThrow(
      'it refused the login: CLIENT_ERROR authentication failure',
    );
  });
  test('without credentials the demand for a login is the reply', () => {
    const { requests, reply } = runExchange(new Exchange(CONFIG), whole(UNAUTHENTICATED));
    expect(requests).toEqual([GET]);
    expect(reply).toEqual(['refused', 'CLIENT_ERROR unauthenticated', '']);
  });
  test('a login is SASL PLAIN in binary, before the request', () => {
    const replies = whole(
      binaryReply(0x21, 0, '', 'Authenticated'),
      binaryReply(0x60, 0, '\0\0\0\0', DATA),
    );
    const { requests, reply } = runExchange(new Exchange(CONFIG, 'binary', LOGIN), replies);
    expect(requests.map((request) => request.charCodeAt(1))).toEqual([0x21, 0x60]);
    expect(requests[0]).toContain('PLAIN\0app\0pass word');
    expect(reply).toEqual(['value', '', DATA]);
  });
  test('a login may be refused in binary', () => {
    const replies = whole(binaryReply(0x21, 0x20, '', 'Auth failure.'));
    expect(() => runExchange(new Exchange(CONFIG, 'binary', LOGIN), replies)).toThrow(
      'it refused the login: status 0x20: Auth failure.',
    );
  });
  test.each([
    ['refused', 'CLIENT_ERROR unauthenticated', true],
    ['refused', 'status 0x20: Auth failure.', true],
    ['refused', 'status 0x81: Unknown command', false],
    ['refused', 'ERROR', false],
    ['line', 'unauthenticated', false],
  ] as const)('%s "%s" demands a login: %s', (status, line, expected) => {
    expect(requiresLogin({ status, line })).toBe(expected);
  });
});
