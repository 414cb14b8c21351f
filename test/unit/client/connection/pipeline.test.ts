import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { Operation } from '../../../../src/client/connection/operation.ts';
import { Pipeline } from '../../../../src/client/connection/pipeline.ts';
import {
  BinaryDialect,
  ClassicDialect,
  MalformedReply,
  MetaDialect,
  type Request,
} from '../../../../src/protocol/client.ts';

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

/** An operation that appends its outcome to `outcomes`. */
function operation(
  name: string,
  request: Request,
  deadlineMs: number,
  outcomes: string[],
): Operation {
  const handler = { onReply: ({ status }: { status: string }) => status };
  const resolve = (status: unknown): void => void outcomes.push(`${name} ${status}`);
  const reject = (error: unknown): void => void outcomes.push(`${name} ${codeOf(error)}`);
  return new Operation(
    request,
    { now: () => 0, unixMs: () => 0 },
    deadlineMs,
    handler,
    resolve,
    reject,
  );
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : error;

/** A pipeline that has sent the requests; `outcomes` lists the settled operations in order. */
function pipelineOf(...requests: readonly Request[]) {
  const pipeline = new Pipeline('node', new ClassicDialect());
  pipeline.begin(new MetaDialect());
  const outcomes: string[] = [];
  const operations = requests.map((request, i) => operation(`${i}`, request, 100 + i, outcomes));
  for (const each of operations) pipeline.add(each);
  pipeline.encodeWaiting(new ByteSink(1024), 1024);
  const receive = (text: string): void => pipeline.receive(Buffer.from(text), text.length, 0);
  return { pipeline, outcomes, operations, receive };
}

describe('a pipeline', () => {
  test('a pipeline settles operations in order, also with several replies in one piece', () => {
    const { pipeline, outcomes, receive } = pipelineOf(get('a'), remove, get('b'));
    receive('EN O1\r\nHD O2\r\nEN O');
    expect(outcomes).toEqual(['0 miss', '1 done']);
    receive('3\r\n');
    expect(outcomes).toEqual(['0 miss', '1 done', '2 miss']);
    expect(pipeline.count).toBe(0);
  });

  test('a pipeline encodes up to the byte limit, and the rest later in order', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    for (const key of ['a', 'b', 'c']) pipeline.add(operation(key, get(key), 1, []));
    const sink = new ByteSink(64);
    pipeline.encodeWaiting(sink, 8);
    expect([pipeline.sentCount, pipeline.waitingCount]).toEqual([2, 1]);
    pipeline.encodeWaiting(sink, 64);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe('get a\r\nget b\r\nget c\r\n');
  });

  test('a pipeline drops the reply of an abandoned operation, not that of the next one', () => {
    const { operations, outcomes, receive, pipeline } = pipelineOf(get('a'), get('b'));
    pipeline.expire(100);
    expect(outcomes).toEqual(['0 ERR_DEADLINE']);
    expect(operations[0]!.isSettled).toBe(true);
    receive('VA 1 O1 f0\r\nx\r\nEN O2\r\n');
    expect(outcomes).toEqual(['0 ERR_DEADLINE', '1 miss']);
  });

  test('a pipeline does not send an operation that failed while it waited', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    const outcomes: string[] = [];
    for (const key of ['a', 'b'])
      pipeline.add(operation(key, get(key), key === 'a' ? 1 : 9, outcomes));
    pipeline.expire(5);
    expect(outcomes).toEqual(['a ERR_DEADLINE_UNSENT']);
    const sink = new ByteSink(64);
    pipeline.encodeWaiting(sink, 64);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe('get b\r\n');
  });

  test('a pipeline fails an operation that the dialect does not support, and sends others', () => {
    const pipeline = new Pipeline('node', new ClassicDialect());
    const outcomes: string[] = [];
    pipeline.add(operation('lease', { verb: 'fetch', key: 'a', metaFlags: {} }, 1, outcomes));
    pipeline.add(operation('get', get('a'), 1, outcomes));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    pipeline.receive(Buffer.from('END\r\n'), 5, 0);
    expect(outcomes).toEqual(['lease ERR_UNSUPPORTED', 'get miss']);
  });

  test.each([
    ['a reply with another opaque', 'EN O2\r\n'],
    ['a reply twice', 'EN O1\r\nEN O1\r\n'],
    ['a surplus reply', 'EN O1\r\nEN O2\r\nEN O3\r\n'],
  ])('a pipeline throws on %s', (_, wire) => {
    const { receive } = pipelineOf(get('a'), get('b'));
    expect(() => receive(wire)).toThrow(MalformedReply);
  });

  test('a pipeline throws after a refused store: the node may have executed the value', () => {
    const { receive, outcomes } = pipelineOf(store, get('a'));
    expect(() => receive('CLIENT_ERROR bad\r\nVERSION 1\r\n')).toThrow(MalformedReply);
    expect(outcomes).toEqual(['0 ERR_REFUSED']);
  });

  test('a pipeline discards half a reply when a new connection begins', () => {
    const { pipeline, outcomes, receive } = pipelineOf(get('a'));
    receive('VA 3 O1 f0\r\nab');
    expect(pipeline.takeSent()).toHaveLength(1);
    pipeline.begin(new MetaDialect());
    pipeline.add(operation('next', remove, 1, outcomes));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    receive('HD O1\r\n');
    expect(outcomes).toEqual(['next done']);
  });

  test('a handler that throws fails its own operation, not the pipeline', () => {
    const { pipeline, outcomes, receive } = pipelineOf();
    const broken = {
      onReply: () => {
        throw new RangeError('no');
      },
    };
    const reject = (error: unknown): void => void outcomes.push(`${error}`);
    pipeline.add(
      new Operation(get('a'), { now: () => 0, unixMs: () => 0 }, 9, broken, () => {}, reject),
    );
    pipeline.add(operation('next', get('b'), 9, outcomes));
    pipeline.encodeWaiting(new ByteSink(64), 64);
    receive('EN O1\r\nEN O2\r\n');
    expect(outcomes).toEqual(['RangeError: no', 'next miss']);
  });

  test('a pipeline returns the earliest deadline of the unsettled operations', () => {
    const { pipeline } = pipelineOf(get('a'), get('b'));
    pipeline.add(operation('late', remove, 50, []));
    expect(pipeline.earliestDeadline(0)).toBe(50);
    pipeline.expire(50);
    expect(pipeline.earliestDeadline(50)).toBe(100);
    pipeline.expire(200);
    expect([pipeline.earliestDeadline(200), pipeline.isSettled()]).toEqual([Infinity, true]);
  });

  test('a pipeline resends operations in their order: an invalidation before its reads', () => {
    const { pipeline, outcomes, operations, receive } = pipelineOf(
      get('a'),
      remove,
      get('k'),
      store,
    );
    operations[1]!.isInvalidation = true;
    expect(pipeline.takeNotResendable()).toEqual([operations[3]]);
    pipeline.begin(new MetaDialect());
    const sink = new ByteSink(1024);
    pipeline.encodeWaiting(sink, 1024);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toMatch(
      /^mg a .*\r\nmd k .*\r\nmg k .*\r\n$/,
    );
    receive('EN O1\r\nHD O2\r\nEN O3\r\n');
    expect(outcomes).toEqual(['0 miss', '1 done', '2 miss']);
  });

  test('an invalidation past its deadline stays in front of later operations', () => {
    const { pipeline } = pipelineOf();
    const outcomes: string[] = [];
    const invalidation = operation('invalidation', remove, 9, outcomes);
    invalidation.isInvalidation = true;
    pipeline.add(invalidation);
    pipeline.add(operation('read', get('k'), 50, outcomes));
    pipeline.expire(20);
    expect([pipeline.earliestDeadline(20), outcomes]).toEqual([50, []]);
    const sink = new ByteSink(256);
    pipeline.encodeWaiting(sink, 256);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toMatch(/^md k .*\r\nmg k .*\r\n$/);
    expect([pipeline.isOldestAbandoned(8), pipeline.isOldestAbandoned(20)]).toEqual([false, true]);
    expect([pipeline.hasLateInvalidation(8), pipeline.hasLateInvalidation(20)]).toEqual([
      false,
      true,
    ]);
  });
});

describe('a value that changed between the call and the send', () => {
  const bytesOf = (value: Uint8Array): Request => ({ ...store, value }) as Request;
  const changes: readonly (readonly [string, () => Uint8Array, (value: Uint8Array) => void])[] = [
    ['was transferred', () => new Uint8Array(8), transfer],
    ['was transferred when empty', () => new Uint8Array(0), transfer],
    ['became shorter', resizable, (value) => (value.buffer as ArrayBuffer).resize(4)],
    ['became longer', resizable, (value) => (value.buffer as ArrayBuffer).resize(12)],
    ['is out of bounds', fixedView, (value) => (value.buffer as ArrayBuffer).resize(4)],
  ];
  test.each(
    changes.flatMap(([title, make, change]) => {
      return [new MetaDialect(), new ClassicDialect(), new BinaryDialect()].map((dialect) => {
        return [title, dialect.name, dialect, make, change] as const;
      });
    }),
  )(
    'a value that %s fails alone (%s): its request leaves no byte',
    (_, __, dialect, make, change) => {
      const pipeline = new Pipeline('node', dialect);
      const outcomes: string[] = [];
      const value = make();
      const requests = [get('a'), bytesOf(value), get('b')];
      requests.forEach((request, i) => void pipeline.add(operation(`${i}`, request, 9, outcomes)));
      change(value);
      const sink = new ByteSink(256);
      pipeline.encodeWaiting(sink, 256);
      expect(outcomes).toEqual(['1 ERR_VALUE']);
      expect([pipeline.sentCount, pipeline.waitingBytes]).toEqual([2, 0]);
      const alone = new ByteSink(256);
      dialect.encode(get('a'), 1, alone);
      dialect.encode(get('b'), 2, alone);
      expect(sink.bytes.subarray(0, sink.at)).toEqual(alone.bytes.subarray(0, alone.at));
    },
  );
});

function transfer(value: Uint8Array): void {
  structuredClone(value, { transfer: [value.buffer as ArrayBuffer] });
}

/** A view whose length follows its memory. */
function resizable(): Uint8Array {
  return new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }));
}

function fixedView(): Uint8Array {
  return new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }), 0, 8);
}
