import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { Operation } from '../../../src/client/connection/operation.ts';
import { Pipeline } from '../../../src/client/connection/pipeline.ts';
import {
  ClassicDialect,
  MalformedReply,
  MetaDialect,
  type Request,
} from '../../../src/protocol/client.ts';

const get = (key: string): Request => ({ verb: 'get', key, cas: false });
const remove: Request = { verb: 'delete', key: 'k', cas: undefined, staleExptime: undefined };
const store: Request = {
  verb: 'store',
  mode: 'set',
  key: 'k',
  value: 'version',
  flags: 0,
  exptime: 0,
  cas: undefined,
};

/** An operation whose end is written into `ends`. */
function operation(name: string, request: Request, deadlineMs: number, ends: string[]): Operation {
  const answered = { end: ({ status }: { status: string }) => status };
  const resolve = (status: unknown): void => void ends.push(`${name} ${status}`);
  const reject = (error: unknown): void => void ends.push(`${name} ${codeOf(error)}`);
  return new Operation(request, 0, deadlineMs, answered, resolve, reject);
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : error;

/** A pipeline that has sent these requests, and what has come of them, in the order it came. */
function sent(...requests: readonly Request[]) {
  const pipeline = new Pipeline('node', new ClassicDialect());
  pipeline.begin(new MetaDialect());
  const ends: string[] = [];
  const operations = requests.map((request, i) => operation(`${i}`, request, 100 + i, ends));
  for (const each of operations) pipeline.add(each);
  pipeline.encodeWaiting(new ByteSink(1024), 1024);
  const receive = (text: string): void => pipeline.receive(Buffer.from(text), text.length, 0);
  return { pipeline, ends, operations, receive };
}

describe('a pipeline', () => {
  test('settles requests in the order they were sent, several in one piece', () => {
    const { pipeline, ends, receive } = sent(get('a'), remove, get('b'));
    receive('EN O1\r\nHD O2\r\nEN O');
    expect(ends).toEqual(['0 miss', '1 done']);
    receive('3\r\n');
    expect(ends).toEqual(['0 miss', '1 done', '2 miss']);
    expect(pipeline.count).toBe(0);
  });

  test('sends no more than fits, and the rest later in order', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    for (const key of ['a', 'b', 'c']) pipeline.add(operation(key, get(key), 1, []));
    const sink = new ByteSink(64);
    pipeline.encodeWaiting(sink, 8);
    expect([pipeline.sentCount, pipeline.waitingCount]).toEqual([2, 1]);
    pipeline.encodeWaiting(sink, 64);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe('get a\r\nget b\r\nget c\r\n');
  });

  test('drops the reply to what was given up, and gives the next one its own', () => {
    const { operations, ends, receive, pipeline } = sent(get('a'), get('b'));
    pipeline.expire(100);
    expect(ends).toEqual(['0 ERR_DEADLINE']);
    expect(operations[0]!.isSettled).toBe(true);
    receive('VA 1 O1 f0\r\nx\r\nEN O2\r\n');
    expect(ends).toEqual(['0 ERR_DEADLINE', '1 miss']);
  });

  test('does not send what was given up while it waited', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    const ends: string[] = [];
    for (const key of ['a', 'b']) pipeline.add(operation(key, get(key), key === 'a' ? 1 : 9, ends));
    pipeline.expire(5);
    expect(ends).toEqual(['a ERR_DEADLINE_UNSENT']);
    const sink = new ByteSink(64);
    pipeline.encodeWaiting(sink, 64);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe('get b\r\n');
  });

  test('fails what its dialect cannot say, and goes on', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    const ends: string[] = [];
    pipeline.add(operation('lease', { verb: 'fetch', key: 'a', terms: {} }, 1, ends));
    pipeline.add(operation('get', get('a'), 1, ends));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    pipeline.receive(Buffer.from('END\r\n'), 5, 0);
    expect(ends).toEqual(['lease ERR_UNSUPPORTED', 'get miss']);
  });

  test.each([
    ['another’s answer', 'EN O2\r\n'],
    ['a reply twice', 'EN O1\r\nEN O1\r\n'],
    ['one reply too many', 'EN O1\r\nEN O2\r\nEN O3\r\n'],
  ])('does not trust %s', (_, wire) => {
    const { receive } = sent(get('a'), get('b'));
    expect(() => receive(wire)).toThrow(MalformedReply);
  });

  test('does not go on after a store that was not understood: its value may have run', () => {
    const { receive, ends } = sent(store, get('a'));
    expect(() => receive('CLIENT_ERROR bad\r\nVERSION 1\r\n')).toThrow(MalformedReply);
    expect(ends).toEqual(['0 ERR_REFUSED']);
  });

  test('starts clean after its connection: half a reply is not the next one’s', () => {
    const { pipeline, ends, receive } = sent(get('a'));
    receive('VA 3 O1 f0\r\nab');
    expect(pipeline.takeSent()).toHaveLength(1);
    pipeline.begin(new MetaDialect());
    pipeline.add(operation('next', remove, 1, ends));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    receive('HD O1\r\n');
    expect(ends).toEqual(['next done']);
  });

  test('an answer that its asker cannot use fails the asker, not the pipeline', () => {
    const { pipeline, ends, receive } = sent();
    const broken = {
      end: () => {
        throw new RangeError('no');
      },
    };
    const reject = (error: unknown): void => void ends.push(`${error}`);
    pipeline.add(new Operation(get('a'), 0, 9, broken, () => {}, reject));
    pipeline.add(operation('next', get('b'), 9, ends));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    receive('EN O1\r\nEN O2\r\n');
    expect(ends).toEqual(['RangeError: no', 'next miss']);
  });

  test('knows the earliest deadline of those that are not settled', () => {
    const { pipeline } = sent(get('a'), get('b'));
    pipeline.add(operation('late', remove, 50, []));
    expect(pipeline.earliestDeadline(0)).toBe(50);
    pipeline.expire(50);
    expect(pipeline.earliestDeadline(50)).toBe(100);
    pipeline.expire(200);
    expect([pipeline.earliestDeadline(200), pipeline.isQuiet()]).toEqual([Infinity, true]);
  });

  test('what is sent again goes in the order in which it went: a cleanup before its reads', () => {
    const { pipeline, ends, operations, receive } = sent(get('a'), remove, get('k'), store);
    operations[1]!.isCleanup = true;
    expect(pipeline.takeUnrepeatable()).toEqual([operations[3]]);
    pipeline.begin(new MetaDialect());
    const sink = new ByteSink(1024);
    pipeline.encodeWaiting(sink, 1024);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toMatch(
      /^mg a .*\r\nmd k .*\r\nmg k .*\r\n$/,
    );
    receive('EN O1\r\nHD O2\r\nEN O3\r\n');
    expect(ends).toEqual(['0 miss', '1 done', '2 miss']);
  });

  test('a cleanup whose deadline passes stays in front of what comes after it', () => {
    const { pipeline } = sent();
    const ends: string[] = [];
    const cleanup = operation('cleanup', remove, 9, ends);
    cleanup.isCleanup = true;
    pipeline.add(cleanup);
    pipeline.add(operation('read', get('k'), 50, ends));
    pipeline.expire(20);
    expect([pipeline.earliestDeadline(20), ends]).toEqual([50, []]);
    const sink = new ByteSink(256);
    pipeline.encodeWaiting(sink, 256);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toMatch(/^md k .*\r\nmg k .*\r\n$/);
    expect([pipeline.isOldestGivenUp(8), pipeline.isOldestGivenUp(20)]).toEqual([false, true]);
    expect([pipeline.hasLateCleanup(8), pipeline.hasLateCleanup(20)]).toEqual([false, true]);
  });
});
