/** The request for a config entry in each dialect; `client-dialects.test.ts` has the others. */
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

const OPAQUE = 7;
const REQUEST: Request = { verb: 'config-get', key: 'cluster' };
const DIALECTS = {
  meta: () => new MetaDialect(),
  classic: () => new ClassicDialect(),
  binary: () => new BinaryDialect(),
} as const;
type Name = keyof typeof DIALECTS;

/** Decodes the reply in pieces; returns its status, flags and value if it is complete. */
function decoded(dialect: Dialect, parts: readonly Uint8Array[], request = REQUEST): unknown {
  const input = new ReplyInput();
  const reply = new Reply();
  const socketBuffer = Buffer.alloc(70_000);
  for (const part of parts) {
    socketBuffer.set(part);
    input.feed(socketBuffer, part.length);
    const progress = dialect.decode(input, request, OPAQUE, reply);
    input.releasePiece();
    const isDone = progress === 'complete';
    const value = isDone ? reply.text() : '';
    socketBuffer.fill('?');
    if (isDone) return { status: reply.status, flags: reply.flags, value };
  }
  return undefined;
}

function binaryReply(status: number, extras: string, value: string): string {
  const head = Buffer.alloc(24);
  head.set([0x81, 0x60]);
  head[4] = extras.length;
  head.writeUInt16BE(status, 6);
  head.writeUInt32BE(extras.length + value.length, 8);
  head.writeUInt32BE(OPAQUE, 12);
  return head.toString('latin1') + extras + value;
}

describe('a request for a config entry', () => {
  const header = `80600007 00000000 00000007 0000000${OPAQUE} 0000000000000000`;
  const packet = Buffer.from(header.replaceAll(' ', ''), 'hex').toString('latin1');
  test.each<[Name, string]>([
    ['meta', 'config get cluster\r\n'],
    ['classic', 'config get cluster\r\n'],
    ['binary', `${packet}cluster`],
  ])('the request is encoded in %s', (name, wire) => {
    const sink = new ByteSink(16);
    const dialect = DIALECTS[name]();
    expect(dialect.supports(REQUEST)).toBe(true);
    expect(dialect.encode(REQUEST, OPAQUE, sink)).toBe(1);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe(wire);
  });
});

describe('the reply with a config entry', () => {
  const miss = { status: 'miss', flags: 0, value: '' };
  const found = (value: string, flags = 0) => ({ status: 'value', flags, value });
  test.each<[Name, string, unknown]>([
    ['classic', 'CONFIG cluster 7 1\r\nx\r\nEND\r\n', found('x', 7)],
    ['classic', 'CONFIG cluster 0 0 77\r\n\r\nEND\r\n', found('')],
    ['classic', 'CONFIG cluster 0 8\r\na\r\nEND\r\n\r\nEND\r\n', found('a\r\nEND\r\n')],
    ['classic', 'END\r\n', miss],
    ['classic', 'ERROR\r\n', { status: 'refused', flags: 0, value: '' }],
    ['meta', 'CONFIG cluster 0 1\r\nx\r\nEND\r\n', found('x')],
    ['binary', binaryReply(0, '\0\0\0\u0005', 'abc'), found('abc', 5)],
    ['binary', binaryReply(1, '', 'Not found'), miss],
  ])('%s decodes %j, cut at every byte', (name, wire, reply) => {
    const bytes = Buffer.from(wire, 'latin1');
    for (const cuts of everyCut(bytes)) {
      expect(decoded(DIALECTS[name](), pieces(bytes, cuts)), `cut at ${cuts}`).toEqual(reply);
    }
    for (let end = 0; end < bytes.length; end++) {
      expect(decoded(DIALECTS[name](), [bytes.subarray(0, end)])).toBeUndefined();
    }
  });

  test('the reply has up to 65,536 bytes', () => {
    const largest = 'x'.repeat(65_536);
    const text = Buffer.from(`CONFIG cluster 0 65536\r\n${largest}\r\nEND\r\n`);
    expect(decoded(new ClassicDialect(), [text])).toEqual(found(largest));
    const binary = (value: string) => [Buffer.from(binaryReply(0, '\0\0\0\0', value), 'latin1')];
    expect(decoded(new BinaryDialect(), binary(largest))).toEqual(found(largest));
    expect(() => decoded(new BinaryDialect(), binary(`${largest}x`))).toThrow(MalformedReply);
  });

  test.each<[Name, string]>([
    ['classic', 'VALUE cluster 0 1\r\nx\r\nEND\r\n'],
    ['classic', 'CONFIG other 0 1\r\nx\r\nEND\r\n'],
    ['classic', 'CONFIG cluster 0\r\n'],
    ['classic', 'CONFIG cluster 0 65537\r\n'],
    ['classic', 'CONFIG cluster 0 2\r\nabc\r\nEND\r\n'],
    ['classic', 'CONFIG cluster 0 2\r\nab\r\nENX\r\n'],
    ['classic', 'CONFIG cluster 0 1\r\nx\r\nCONFIG cluster 0 1\r\nx\r\nEND\r\n'],
    ['classic', 'LOCK_ERROR\r\n'],
    ['meta', 'EN\r\n'],
  ])('%s rejects %j', (name, wire) => {
    expect(() => decoded(DIALECTS[name](), [Buffer.from(wire)])).toThrow(MalformedReply);
  });

  test('the reply with a config entry is not the reply to a get', () => {
    const reply = [Buffer.from('CONFIG cluster 0 1\r\nx\r\nEND\r\n')];
    const get: Request = { verb: 'get', key: 'cluster', cas: false };
    expect(() => decoded(new ClassicDialect(), reply, get)).toThrow(MalformedReply);
  });
});
