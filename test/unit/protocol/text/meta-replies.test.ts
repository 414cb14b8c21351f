import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { STATUS, StorageReplyContext } from '../../../../src/protocol/reply.ts';
import { Request } from '../../../../src/protocol/request.ts';
import { ClassicDecoder } from '../../../../src/protocol/text/classic.ts';
import { MetaReplies } from '../../../../src/protocol/text/meta-replies.ts';

const FACTS = { casHigh: 1, casLow: 2, valueBytes: 1_048_576 };

function decoded(line: string): Request {
  const request = new Request();
  const input = Buffer.from(line, 'latin1');
  new ClassicDecoder().decode(input, 0, input.length, request);
  return request;
}

function written(write: (replies: MetaReplies) => void): string {
  const sink = new ByteSink(4096);
  write(new MetaReplies(sink, new ByteSink(512)));
  return sink.bytes.toString('latin1', 0, sink.at);
}

/** The reply to a storage request: captured, with nothing else left of it, or at once. */
function storageReply(line: string, status: (typeof STATUS)[keyof typeof STATUS]): string {
  const captured = capturedReply(line, status);
  expect(written((replies) => replies.stored(decoded(line), status, FACTS))).toBe(captured);
  return captured;
}

function capturedReply(line: string, status: (typeof STATUS)[keyof typeof STATUS]): string {
  return written((replies) => {
    const context = new StorageReplyContext();
    const request = decoded(line);
    replies.capture(request, context);
    request.input.fill('?');
    request.flagCount = 0;
    replies.storageReply(context, status, FACTS);
  });
}

describe('meta replies to a storage request', () => {
  test.each([
    ['ms k 1\r\n', 'HD\r\n'],
    ['ms k 1 c\r\n', 'HD c4294967298\r\n'],
    ['ms k 1 s\r\n', 'HD s1048576\r\n'],
    ['ms k 1 c s\r\n', 'HD c4294967298 s1048576\r\n'],
    ['ms k 1 s T30 c\r\n', 'HD s1048576 c4294967298\r\n'],
    ['ms key 1 O12 k F5 c\r\n', 'HD O12 kkey c4294967298\r\n'],
    ['ms key 1 s k c Ox\r\n', 'HD s1048576 kkey c4294967298 Ox\r\n'],
    ['ms YWI= 1 b k O1\r\n', 'HD kYWI= b O1\r\n'],
    ['ms k 1 q O1\r\n', ''],
  ])('the replies to %j have their return flags in their order', (line, expected) => {
    expect(storageReply(line, STATUS.stored)).toBe(expected);
  });
  test('a storage reply has the CAS id 0 if nothing was stored, also to a quiet request', () => {
    expect(storageReply('ms k 1 q c O1\r\n', STATUS.exists)).toBe('EX c0 O1\r\n');
    expect(storageReply('ms k 1 s\r\n', STATUS.notStored)).toBe('NS s1048576\r\n');
    expect(storageReply('ms k 1\r\n', STATUS.notFound)).toBe('NF\r\n');
  });
  test('a storage reply is an error line without flags if the status has no code', () => {
    expect(storageReply('ms k 1 q c k\r\n', STATUS.tooLarge)).toBe(
      'SERVER_ERROR object too large for cache\r\n',
    );
  });
  test('a storage reply has room for the longest key in base64, with every return flag', () => {
    const key = Buffer.alloc(186, 'k').toString('base64');
    const opaque = `O${'o'.repeat(31)}`;
    const line = `ms ${key} 1 b k ${opaque} c s\r\n`;
    expect(storageReply(line, STATUS.stored)).toBe(
      `HD k${key} b ${opaque} c4294967298 s1048576\r\n`,
    );
  });
  test('a storage reply forgets the flags of the request before', () => {
    const reply = written((replies) => {
      const context = new StorageReplyContext();
      replies.capture(decoded('ms k 1 q c s O9 k\r\n'), context);
      replies.capture(decoded('ms k 1\r\n'), context);
      replies.storageReply(context, STATUS.stored, FACTS);
    });
    expect(reply).toBe('HD\r\n');
  });
});

describe('other meta replies', () => {
  test('the reply to a status has the key and the opaque', () => {
    const request = decoded('md key O7 k c\r\n');
    const status = (which: (typeof STATUS)[keyof typeof STATUS]): string =>
      written((replies) => replies.status(request, which));
    expect(status(STATUS.deleted)).toBe('HD O7 kkey\r\n');
    expect(status(STATUS.notFound)).toBe('NF O7 kkey\r\n');
    expect(status(STATUS.badFormat)).toBe('CLIENT_ERROR bad command line format\r\n');
  });
  test('the reply to a miss is EN, and none to a quiet request', () => {
    const miss = (line: string): string => written((replies) => replies.miss(decoded(line)));
    expect(miss('mg key k O7 v\r\n')).toBe('EN kkey O7\r\n');
    expect(miss('mg key q\r\n')).toBe('');
  });
  test('the reply to a hit has a head, then flags, then the end of the line', () => {
    const request = decoded('mg YWI= b k Oid v\r\n');
    const hit = written((replies) => {
      replies.valueHead(12);
      replies.number(0x66, 2 ** 53 - 1);
      replies.minusOne(0x74);
      replies.number64(0x63, 0xffff_ffff, 0xffff_ffff);
      replies.key(request);
      replies.opaque(request, 2);
      replies.flag(0x57);
      replies.lineEnd();
    });
    expect(hit).toBe('VA 12 f9007199254740991 t-1 c18446744073709551615 kYWI= b Oid W\r\n');
    expect(written((replies) => replies.head())).toBe('HD');
    expect(written((replies) => replies.noop())).toBe('MN\r\n');
  });
  test('the replies show the key of an item as text or in base64', () => {
    const source = Buffer.from('?ab?');
    const key = (isBinary: boolean): string =>
      written((replies) => replies.itemKey(source, 1, 3, isBinary));
    expect([key(false), key(true)]).toEqual([' kab', ' kYWI= b']);
  });
});
