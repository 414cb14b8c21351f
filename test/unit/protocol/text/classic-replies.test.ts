import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { ItemView, STATUS, StorageReplyContext } from '../../../../src/protocol/reply.ts';
import { Request } from '../../../../src/protocol/request.ts';
import { ClassicReplies } from '../../../../src/protocol/text/classic-replies.ts';

const FACTS = { casHigh: 0, casLow: 0, valueBytes: 0 };

/** The text that `write` makes, after other output. */
function written(write: (replies: ClassicReplies) => void): string {
  const sink = new ByteSink(4096);
  sink.putText('before');
  write(new ClassicReplies(sink));
  const text = sink.bytes.toString('latin1', 0, sink.at);
  expect(text.slice(0, 6)).toBe('before');
  return text.slice(6);
}

/** A request for keys, some of which are other words of the line. */
function requestFor(line: string, overrides: Partial<Request> = {}): Request {
  const request = new Request();
  request.input = Buffer.from(line, 'latin1');
  request.keySource = request.input;
  for (const { 0: word, index } of line.matchAll(/[^ ]+/g)) {
    request.addKey(index, index + word.length);
  }
  return Object.assign(request, overrides);
}

const STATUS_NAMES = Object.keys(STATUS) as (keyof typeof STATUS)[];

describe('classic replies', () => {
  test.each(STATUS_NAMES)('the replies to %s are one line, and none to a quiet request', (name) => {
    const line = written((replies) => replies.status(requestFor('k'), STATUS[name]));
    expect(line).toMatch(/^(OK|[A-Z_]+|(CLIENT|SERVER)_ERROR [\w: -]+)\r\n$/);
    const quiet = requestFor('k', { noreply: true });
    expect(written((replies) => replies.status(quiet, STATUS[name]))).toBe('');
    const context = new StorageReplyContext();
    expect(written((replies) => replies.storageReply(context, STATUS[name], FACTS))).toBe(line);
    expect(written((r) => r.stored(requestFor('k'), STATUS[name], FACTS))).toBe(line);
    expect(written((r) => r.stored(quiet, STATUS[name], FACTS))).toBe('');
    expect(
      written((replies) => {
        replies.capture(quiet, context);
        replies.storageReply(context, STATUS[name], FACTS);
      }),
    ).toBe('');
  });
  test('the replies differ for each status', () => {
    const lines = STATUS_NAMES.map((name) =>
      written((replies) => replies.status(requestFor('k'), STATUS[name])),
    );
    expect(new Set(lines).size).toBe(STATUS_NAMES.length);
  });
  test('the reply to a hit names the key, the flags, the size and the CAS id', () => {
    const item = Object.assign(new ItemView(), { valueBytes: 3, casHigh: 1, casLow: 2 });
    const request = requestFor('get a bc');
    expect(written((replies) => replies.hit(request, 2, item))).toBe('VALUE bc 0 3\r\n');
    const withCas = requestFor('gets a bc', { withCas: true });
    item.clientFlags = 4_294_967_295;
    expect(written((replies) => replies.hit(withCas, 1, item))).toBe(
      'VALUE a 4294967295 3 4294967298\r\n',
    );
  });
  test('the reply to a miss is empty; END follows the last key', () => {
    const request = requestFor('get a');
    expect(written((replies) => replies.miss(request, 1))).toBe('');
    expect(written((replies) => replies.keysEnd(request))).toBe('END\r\n');
  });
  test('the reply to a counter has its digits', () => {
    const request = requestFor('incr a 1');
    const counter = (high: number, low: number): string =>
      written((replies) => replies.counter(request, { high, low, casHigh: 0, casLow: 0 }));
    expect(counter(0, 0)).toBe('0\r\n');
    expect(counter(0xffff_ffff, 0xffff_ffff)).toBe('18446744073709551615\r\n');
    request.noreply = true;
    expect(counter(0, 1)).toBe('');
  });
  test('the reply to an invalid request is its error, unless it is quiet', () => {
    const errorReply = Buffer.from('CLIENT_ERROR x\r\n');
    const error = (noreply: boolean): string =>
      written((replies) => replies.errorReply(requestFor('x', { errorReply, noreply })));
    expect([error(false), error(true)]).toEqual(['CLIENT_ERROR x\r\n', '']);
  });
  test('the replies to version and stats are lines', () => {
    const request = requestFor('stats');
    expect(written((replies) => replies.version(request, '1.6.18'))).toBe('VERSION 1.6.18\r\n');
    expect(written((replies) => replies.stat(request, 'a', 'b c'))).toBe('STAT a b c\r\n');
    expect(written((replies) => replies.statsEnd())).toBe('END\r\n');
  });
});
