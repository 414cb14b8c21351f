import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import {
  BinaryDialect,
  ClassicDialect,
  type Dialect,
  MalformedReply,
  MetaDialect,
  Reply,
  ReplyInput,
  type Request,
} from '../../../src/protocol/client.ts';
import { everyCut, pieces } from '../../support/cuts.ts';

/** The opaque of the requests in these tests. */
const OPAQUE = 7;

const get: Request = { verb: 'get', key: 'a', cas: false };
const gets: Request = { verb: 'get', key: 'a', cas: true };
const getMany: Request = { verb: 'get-many', keys: ['a', 'b', 'c'] };
const getManyOfOne: Request = { verb: 'get-many', keys: ['a'] };
const fetch: Request = { verb: 'fetch', key: 'a', metaFlags: { vivifyExptime: 30 } };
const store = (mode: 'set' | 'add' | 'append', cas?: bigint): Request => {
  return { verb: 'store', mode, key: 'a', value: 'välue', flags: 5, exptime: 60, cas };
};
const remove: Request = { verb: 'delete', key: 'a', cas: undefined, staleExptime: undefined };
const markStale: Request = { verb: 'delete', key: 'a', cas: 9n, staleExptime: 30 };
const touch: Request = { verb: 'touch', key: 'a', exptime: 60 };
const count: Request = {
  verb: 'count',
  key: 'a',
  delta: 2n,
  isDecrement: true,
  initial: undefined,
};
const createCounter: Request = {
  verb: 'count',
  key: 'a',
  delta: 1n,
  isDecrement: false,
  initial: { value: 5n, exptime: 60 },
};
const stats: Request = { verb: 'stats', topic: 'items' };
const flush: Request = { verb: 'flush' };
const version: Request = { verb: 'version' };
const noop: Request = { verb: 'noop' };
const login: Request = { verb: 'login', username: 'u', password: 'p w' };

function encoded(dialect: Dialect, request: Request): Buffer {
  const sink = new ByteSink(16);
  dialect.encode(request, OPAQUE, sink);
  return Buffer.from(sink.bytes.subarray(0, sink.at));
}

/** Decodes `parts`; returns each item and the end of the reply as text. */
function decodedSteps(
  dialect: Dialect,
  request: Request,
  parts: readonly Buffer[],
): readonly string[] {
  const input = new ReplyInput();
  const reply = new Reply();
  const steps: string[] = [];
  const socketBuffer = Buffer.alloc(65_536);
  for (const part of parts) {
    // A socket reuses its buffer, so the input must copy every byte that it still needs.
    part.copy(socketBuffer);
    input.feed(socketBuffer, part.length);
    for (;;) {
      const progress = dialect.decode(input, request, OPAQUE, reply);
      if (progress === 'incomplete') break;
      steps.push(textOf(reply, progress));
      if (progress === 'complete') break;
    }
    input.releasePiece();
    socketBuffer.fill('?');
  }
  if (input.hasUnreadBytes) steps.push('unread bytes');
  return steps;
}

function textOf(reply: Reply, progress: string): string {
  const { status, line, flags, cas, index } = reply;
  const parts = [`${progress}: ${status}`];
  if (status === 'value' && progress === 'item') parts.push(`#${index}`);
  if (status === 'value') parts.push(JSON.stringify(reply.text()), `f${flags}`);
  if (cas !== undefined) parts.push(`c${cas}`);
  if (status === 'refused' || status === 'line') parts.push(line);
  if (reply.wonLease) parts.push('won-lease');
  if (reply.leaseHeldByOther) parts.push('held-by-other');
  if (reply.isStale) parts.push('stale');
  if (reply.ttl !== undefined) parts.push(`t${reply.ttl}`);
  return parts.join(' ');
}

/** A binary reply. */
function packet(
  opcode: number,
  status: number,
  parts: { extras?: string; key?: string; value?: string; opaque?: number; cas?: bigint } = {},
): string {
  const { extras = '', key = '', value = '', opaque = OPAQUE, cas = 0n } = parts;
  const head = Buffer.alloc(24);
  head[0] = 0x81;
  head[1] = opcode;
  head.writeUInt16BE(key.length, 2);
  head[4] = extras.length;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(extras.length + key.length + value.length, 8);
  head.writeUInt32BE(opaque, 12);
  head.writeBigUInt64BE(cas, 16);
  return head.toString('latin1') + extras + key + value;
}

const DIALECTS = {
  meta: () => new MetaDialect(),
  classic: () => new ClassicDialect(),
  binary: () => new BinaryDialect(),
} as const;
type Name = keyof typeof DIALECTS;

describe('a dialect encodes requests', () => {
  const cases: readonly (readonly [Name, Request, string])[] = [
    ['meta', get, 'mg a O7 f v\r\n'],
    ['meta', gets, 'mg a O7 c f v\r\n'],
    ['meta', getMany, 'mg a O7 f v\r\nget b c\r\n'],
    ['meta', getManyOfOne, 'mg a O7 f v\r\n'],
    ['meta', fetch, 'mg a O7 c f h l s t v N30\r\n'],
    ['meta', store('set'), 'ms a 6 O7 F5 T60\r\nvälue\r\n'],
    ['meta', store('set', 9n), 'ms a 6 O7 F5 T60 C9\r\nvälue\r\n'],
    ['meta', store('add'), 'ms a 6 O7 F5 T60 ME\r\nvälue\r\n'],
    ['meta', remove, 'md a O7\r\n'],
    ['meta', markStale, 'md a O7 C9 I T30\r\n'],
    ['meta', touch, 'mg a O7 T60\r\n'],
    ['meta', count, 'ma a O7 v D2 MD\r\n'],
    ['meta', createCounter, 'ma a O7 v D1 N60 J5\r\n'],
    ['meta', noop, 'mn\r\n'],
    ['meta', stats, 'stats items\r\n'],
    ['classic', get, 'get a\r\n'],
    ['classic', gets, 'gets a\r\n'],
    ['classic', getMany, 'get a b c\r\n'],
    ['classic', store('set'), 'set a 5 60 6\r\nvälue\r\n'],
    ['classic', store('set', 9n), 'cas a 5 60 6 9\r\nvälue\r\n'],
    ['classic', remove, 'delete a\r\n'],
    ['classic', touch, 'touch a 60\r\n'],
    ['classic', count, 'decr a 2\r\n'],
    ['classic', flush, 'flush_all\r\n'],
    ['classic', version, 'version\r\n'],
    ['classic', login, 'set auth 0 0 5\r\nu p w\r\n'],
  ];
  test.each(cases)('%s encodes %o as %j', (name, request, wire) => {
    const dialect = DIALECTS[name]();
    expect(dialect.supports(request)).toBe(true);
    expect(encoded(dialect, request).toString()).toBe(wire);
  });

  test('a dialect encodes a key as UTF-8', () => {
    for (const key of ['schlüssel', '😀', 'x'.repeat(250), 'é'.repeat(125)]) {
      const wire = encoded(new MetaDialect(), { verb: 'get', key, cas: false });
      expect(wire.toString()).toBe(`mg ${key} O7 f v\r\n`);
    }
  });

  test('a dialect sends a binary value unchanged', () => {
    const value = Uint8Array.from({ length: 256 }, (_, i) => i);
    const request = { ...store('set'), value } as Request;
    expect(encoded(new MetaDialect(), request).includes(value)).toBe(true);
    expect(encoded(new BinaryDialect(), request).includes(value)).toBe(true);
  });

  test('a dialect reports which requests it supports', () => {
    expect(
      [get, fetch, markStale, createCounter].map((r) => new ClassicDialect().supports(r)),
    ).toEqual([true, false, false, false]);
    expect(
      [get, fetch, markStale, createCounter].map((r) => new BinaryDialect().supports(r)),
    ).toEqual([true, false, false, true]);
  });
});

describe('a dialect decodes a reply in pieces of any size', () => {
  const cases: readonly (readonly [Name, Request, wire: string, steps: readonly string[]])[] = [
    ['meta', get, 'VA 3 O7 f5\r\nabc\r\n', ['complete: value "abc" f5']],
    ['meta', get, 'VA 0 O7 f0\r\n\r\n', ['complete: value "" f0']],
    ['meta', get, 'VA 5 O7 f0\r\nEN\r\n\n\r\n', ['complete: value "EN\\r\\n\\n" f0']],
    ['meta', get, 'EN O7\r\n', ['complete: miss']],
    ['meta', get, 'EN\r\n', ['complete: miss']],
    [
      'meta',
      gets,
      'VA 1 O7 c18446744073709551615 f0\r\nx\r\n',
      ['complete: value "x" f0 c18446744073709551615'],
    ],
    [
      'meta',
      fetch,
      'VA 0 O7 c4 f0 h0 l0 s0 t30 W\r\n\r\n',
      ['complete: value "" f0 c4 won-lease t30'],
    ],
    [
      'meta',
      fetch,
      'VA 2 O7 c4 f0 h1 l9 s2 t-1 X Z\r\nok\r\n',
      ['complete: value "ok" f0 c4 held-by-other stale t-1'],
    ],
    ['meta', store('set'), 'HD O7\r\n', ['complete: done']],
    ['meta', store('add'), 'NS O7\r\n', ['complete: not-stored']],
    ['meta', store('set', 9n), 'EX O7\r\n', ['complete: exists']],
    ['meta', store('set', 9n), 'NF O7\r\n', ['complete: miss']],
    ['meta', remove, 'NF O7\r\n', ['complete: miss']],
    ['meta', count, 'VA 2 O7\r\n11\r\n', ['complete: value "11" f0']],
    [
      'meta',
      getMany,
      'VA 1 O7 f0\r\nx\r\nVALUE c 1 2\r\nyy\r\nEND\r\n',
      ['item: value #0 "x" f0', 'item: value #2 "yy" f1', 'complete: done'],
    ],
    [
      'meta',
      getMany,
      'EN O7\r\nVALUE b 0 0\r\n\r\nEND\r\n',
      ['item: value #1 "" f0', 'complete: done'],
    ],
    ['meta', getMany, 'EN\r\nEND\r\n', ['complete: done']],
    [
      'meta',
      getMany,
      'SERVER_ERROR busy\r\nVALUE b 0 1\r\nx\r\nEND\r\n',
      ['item: value #1 "x" f0', 'complete: refused SERVER_ERROR busy'],
    ],
    [
      'meta',
      getMany,
      'VA 1 O7 f0\r\nx\r\nSERVER_ERROR busy\r\n',
      ['item: value #0 "x" f0', 'complete: refused SERVER_ERROR busy'],
    ],
    ['meta', getManyOfOne, 'VA 1 O7 f0\r\nx\r\n', ['item: value #0 "x" f0', 'complete: done']],
    ['meta', getManyOfOne, 'EN O7\r\n', ['complete: done']],
    ['meta', noop, 'MN\r\n', ['complete: done']],
    ['meta', get, 'SERVER_ERROR busy\r\n', ['complete: refused SERVER_ERROR busy']],
    ['meta', version, 'VERSION 1.6.18\r\n', ['complete: line 1.6.18']],
    ['classic', get, 'END\r\n', ['complete: miss']],
    ['classic', get, 'VALUE a 5 3\r\nabc\r\nEND\r\n', ['complete: value "abc" f5']],
    ['classic', gets, 'VALUE a 0 0 7\r\n\r\nEND\r\n', ['complete: value "" f0 c7']],
    [
      'classic',
      getMany,
      'VALUE a 0 5\r\nEND\r\n\r\nVALUE c 1 1\r\nx\r\nEND\r\n',
      ['item: value #0 "END\\r\\n" f0', 'item: value #2 "x" f1', 'complete: done'],
    ],
    ['classic', store('set'), 'STORED\r\n', ['complete: done']],
    ['classic', store('append'), 'NOT_STORED\r\n', ['complete: not-stored']],
    ['classic', count, '18446744073709551615\r\n', ['complete: value "18446744073709551615" f0']],
    ['classic', count, 'NOT_FOUND\r\n', ['complete: miss']],
    ['classic', touch, 'TOUCHED\r\n', ['complete: done']],
    ['classic', flush, 'OK\r\n', ['complete: done']],
    ['classic', get, 'ERROR\r\n', ['complete: refused ERROR']],
    [
      'binary',
      get,
      packet(0, 0, { extras: '\0\0\0\u0005', value: 'abc' }),
      ['complete: value "abc" f5'],
    ],
    ['binary', get, packet(0, 1, { value: 'Not found' }), ['complete: miss']],
    [
      'binary',
      gets,
      packet(0, 0, { extras: '\0\0\0\0', value: '', cas: 9n }),
      ['complete: value "" f0 c9'],
    ],
    [
      'binary',
      getMany,
      packet(9, 0, { extras: '\0\0\0\u0001', value: 'x', opaque: 8 }) +
        packet(10, 0, { opaque: 10 }),
      ['item: value #1 "x" f1', 'complete: done'],
    ],
    ['binary', store('set'), packet(1, 0), ['complete: done']],
    ['binary', store('add'), packet(2, 2), ['complete: not-stored']],
    ['binary', store('append'), packet(14, 5), ['complete: not-stored']],
    ['binary', store('set', 9n), packet(1, 2), ['complete: exists']],
    ['binary', store('set', 9n), packet(1, 1), ['complete: miss']],
    [
      'binary',
      count,
      packet(6, 0, { value: '\0\0\0\0\0\0\u0001\0' }),
      ['complete: value "256" f0'],
    ],
    [
      'binary',
      store('set'),
      packet(1, 3, { value: 'Too large.' }),
      ['complete: refused status 0x03: Too large.'],
    ],
    ['binary', version, packet(11, 0, { value: '1.6.18' }), ['complete: line 1.6.18']],
    ['binary', noop, packet(10, 0), ['complete: done']],
    ['binary', login, packet(33, 0, { value: 'Authenticated' }), ['complete: done']],
  ];
  test.each(cases)('%s decodes the reply to %o: %j', (name, request, wire, steps) => {
    const bytes = Buffer.from(wire, 'latin1');
    for (const cuts of everyCut(bytes)) {
      const parts = pieces(bytes, cuts).map((part) => Buffer.from(part));
      expect(decodedSteps(DIALECTS[name](), request, parts), `cut at ${cuts}`).toEqual(steps);
    }
  });

  test.each<[Name, string]>([
    ['classic', 'STAT pid 1\r\nSTAT version 1 2\r\nEND\r\n'],
    [
      'binary',
      packet(16, 0, { key: 'pid', value: '1' }) +
        packet(16, 0, { key: 'version', value: '1 2' }) +
        packet(16, 0),
    ],
  ])('%s decodes statistics', (name, wire) => {
    const input = new ReplyInput();
    const reply = new Reply();
    const dialect = DIALECTS[name]();
    const bytes = Buffer.from(wire, 'latin1');
    input.feed(bytes, bytes.length);
    const found: string[] = [];
    while (dialect.decode(input, stats, OPAQUE, reply) === 'item') {
      found.push(`${reply.name}=${reply.line}`);
    }
    expect(found).toEqual(['pid=1', 'version=1 2']);
    expect([reply.status, input.hasUnreadBytes]).toEqual(['done', false]);
  });

  test('meta decodes the replies to get and get-many on one connection', () => {
    const dialect = new MetaDialect();
    const value = 'VA 1 O7 f0\r\nx\r\n';
    for (const wire of [value, `${value}VALUE c 0 1\r\nx\r\nEND\r\n`, value]) {
      const request = wire === value ? get : getMany;
      expect(decodedSteps(dialect, request, [Buffer.from(wire)]).at(-1)).toMatch(/^complete/);
    }
  });
});

describe('a dialect rejects bytes that are no reply to the request', () => {
  const cases: readonly (readonly [Name, Request, string])[] = [
    ['meta', get, 'VA 3 O8 f5\r\nabc\r\n'],
    ['meta', get, 'VA 3 f5\r\nabc\r\n'],
    ['meta', get, 'EN O8\r\n'],
    ['meta', get, 'HD O7\r\n'],
    ['meta', get, 'MN\r\n'],
    ['meta', get, 'VA x O7\r\n'],
    ['meta', get, 'VA 3 O7 f0\r\nabcd\r\n'],
    ['meta', get, 'VA 99999999999 O7 f0\r\n'],
    ['meta', get, 'EN O7\n'],
    ['meta', get, 'noise\r\n'],
    ['meta', get, '\r\n'],
    ['meta', get, 'x'.repeat(5000)],
    ['meta', getMany, 'END\r\n'],
    ['meta', getMany, 'VALUE a 0 1\r\nx\r\nEND\r\n'],
    ['meta', getMany, 'EN O8\r\nEND\r\n'],
    ['meta', getMany, 'EN O7\r\nVALUE a 0 1\r\nx\r\nEND\r\n'],
    ['meta', getMany, 'EN O7\r\nEN O7\r\nEND\r\n'],
    ['meta', store('set'), 'NS O7\r\n'],
    ['meta', store('set'), 'HD\r\n'],
    ['meta', store('add'), 'EX O7\r\n'],
    ['meta', remove, 'VA 1 O7\r\nx\r\n'],
    ['classic', get, 'STORED\r\n'],
    ['classic', get, 'VALUE b 0 1\r\nx\r\nEND\r\n'],
    ['classic', get, 'VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n'],
    ['classic', get, 'VALUE a 0 x\r\n'],
    ['classic', get, 'VALUE a 0 3\r\nabcd\r\nEND\r\n'],
    ['classic', get, 'VALUE a 0 99999999999\r\n'],
    ['classic', getMany, 'VALUE b 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n'],
    ['classic', store('set'), 'NOT_STORED\r\n'],
    ['classic', store('set'), 'STORED\n'],
    ['classic', remove, 'STORED\r\n'],
    ['classic', count, 'STORED\r\n'],
    ['classic', stats, 'VALUE a 0 1\r\n'],
    ['binary', get, packet(0, 0, { opaque: 8 })],
    ['binary', get, 'END\r\n'.padEnd(24)],
    ['binary', getMany, packet(9, 0, { opaque: 10 })],
    ['binary', count, packet(5, 0, { value: 'x' })],
  ];
  test.each(cases)('%s rejects, as the reply to %o, %j', (name, request, wire) => {
    const parts = [Buffer.from(wire, 'latin1')];
    expect(() => decodedSteps(DIALECTS[name](), request, parts)).toThrow(MalformedReply);
  });
});
