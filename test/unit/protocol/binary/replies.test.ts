import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { BinaryReplies } from '../../../../src/protocol/binary/replies.ts';
import { OPCODE } from '../../../../src/protocol/binary/wire.ts';
import { ItemView, STATUS, StorageReplyContext } from '../../../../src/protocol/reply.ts';
import { Request } from '../../../../src/protocol/request.ts';
import { type Packet, packetsOf } from '../../../support/binary-wire.ts';

const FACTS = { casHigh: 1, casLow: 2, valueBytes: 3 };
const OPAQUE = 0xdead_beef;

function requestOf(opcode: number, overrides: Partial<Request> = {}): Request {
  const request = Object.assign(new Request(), { opcode, opaque: OPAQUE, wantsValue: true });
  request.input = Buffer.from('?key?');
  request.keySource = request.input;
  request.addKey(1, 4);
  return Object.assign(request, overrides);
}

/** The packets that `write` makes; each has the opaque of the request. */
function written(write: (replies: BinaryReplies) => void): readonly Packet[] {
  const sink = new ByteSink(64);
  sink.ensure(4096);
  write(new BinaryReplies(sink));
  const { packets, rest } = packetsOf(sink.bytes.subarray(0, sink.at));
  expect(rest.length).toBe(0);
  for (const { opaque } of packets) expect(opaque).toBe(OPAQUE);
  return packets;
}

/** The one packet that `write` makes, in the fields that are not empty. */
function one(write: (replies: BinaryReplies) => void): Partial<Packet> {
  const packets = written(write);
  expect(packets).toHaveLength(1);
  const { opaque: _, ...rest } = packets[0]!;
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== '' && value !== 0 && value !== 0n),
  );
}

describe('binary replies', () => {
  test.each([
    ['notFound', 1, 'Not found'],
    ['exists', 2, 'Data exists for key.'],
    ['tooLarge', 3, 'Too large.'],
    ['badExptime', 4, 'Invalid arguments'],
    ['notStored', 5, 'Not stored.'],
    ['nonNumeric', 6, 'Non-numeric server-side value for incr or decr'],
    ['flushNotAllowed', 0x20, 'Auth failure.'],
    ['outOfMemoryStoring', 0x82, 'Out of memory'],
  ] as const)(
    'the replies to %s have status %i and a text, also to a quiet request',
    (name, status, value) => {
      for (const noreply of [false, true]) {
        const request = requestOf(OPCODE.touch, { noreply });
        const reply = one((replies) => replies.status(request, STATUS[name]));
        expect(reply).toEqual({ opcode: OPCODE.touch, status, value });
      }
    },
  );
  test('the reply to success is empty, and none to a quiet request', () => {
    const request = requestOf(OPCODE.delete);
    expect(one((replies) => replies.status(request, STATUS.deleted))).toEqual({ opcode: 4 });
    request.noreply = true;
    expect(written((replies) => replies.status(request, STATUS.deleted))).toEqual([]);
    expect(one((replies) => replies.success(request))).toEqual({ opcode: 4 });
  });
  test('the reply to a storage request has the CAS id of the item', () => {
    const store = (opcode: number, name: keyof typeof STATUS, noreply = false) =>
      written((replies) => {
        const context = new StorageReplyContext();
        replies.capture(requestOf(opcode, { noreply }), context);
        replies.storageReply(context, STATUS[name], FACTS);
      }).map(({ status, cas }) => [status, cas]);
    for (const [name, status] of Object.entries(STATUS)) {
      for (const noreply of [false, true]) {
        const request = requestOf(OPCODE.addQ, { noreply });
        const atOnce = written((replies) => replies.stored(request, status, FACTS));
        const captured = store(OPCODE.addQ, name as keyof typeof STATUS, noreply);
        expect(atOnce.map((each) => [each.status, each.cas])).toEqual(captured);
      }
    }
    expect(store(OPCODE.set, 'stored')).toEqual([[0, 0x1_0000_0002n]]);
    expect(store(OPCODE.setQ, 'stored', true)).toEqual([]);
    expect(store(OPCODE.setQ, 'exists', true)).toEqual([[2, 0n]]);
    expect(store(OPCODE.add, 'notStored')).toEqual([[2, 0n]]);
    expect(store(OPCODE.addQ, 'notStored', true)).toEqual([[2, 0n]]);
    expect(store(OPCODE.replace, 'notStored')).toEqual([[1, 0n]]);
    expect(store(OPCODE.append, 'notStored')).toEqual([[5, 0n]]);
  });
  test('the reply to a hit announces the value, and has the key if asked', () => {
    const item = Object.assign(new ItemView(), {
      clientFlags: 0xffff_ffff,
      valueBytes: 5,
      casLow: 9,
    });
    const hit = (request: Request) =>
      one((replies) => {
        replies.hit(request, 0, item);
        if (request.wantsValue) replies.sink.putText('value');
      });
    const expected = { extras: 'ffffffff', value: 'value', cas: 9n };
    expect(hit(requestOf(OPCODE.get))).toEqual(expected);
    expect(hit(requestOf(OPCODE.getK, { withKey: true }))).toEqual({
      ...expected,
      opcode: OPCODE.getK,
      key: 'key',
    });
    expect(hit(requestOf(OPCODE.touch, { wantsValue: false }))).toEqual({
      opcode: OPCODE.touch,
      extras: 'ffffffff',
      cas: 9n,
    });
  });
  test('the reply to a miss has a text, or the key if asked, and none to a quiet request', () => {
    const miss = (request: Request) => one((replies) => replies.miss(request, 0));
    expect(miss(requestOf(OPCODE.get))).toMatchObject({ status: 1, value: 'Not found' });
    expect(miss(requestOf(OPCODE.getK, { withKey: true }))).toMatchObject({
      status: 1,
      key: 'key',
    });
    const quiet = requestOf(OPCODE.getQ, { noreply: true });
    expect(written((replies) => replies.miss(quiet, 0))).toEqual([]);
  });
  test('the reply to a counter has its 64 bits and its CAS id', () => {
    const request = requestOf(OPCODE.increment);
    const counter = { high: 0xffff_ffff, low: 1, casHigh: 0, casLow: 8 };
    const reply = written((replies) => replies.counter(request, counter))[0]!;
    expect(Buffer.from(reply.value, 'latin1').toString('hex')).toBe('ffffffff00000001');
    expect(reply.cas).toBe(8n);
    request.noreply = true;
    expect(written((replies) => replies.counter(request, counter))).toEqual([]);
  });
  test('the replies grow the output for statistics and config entries', () => {
    const long = 'v'.repeat(5000);
    const request = requestOf(OPCODE.stat);
    const stats = written((replies) => {
      replies.stat(request, 'name', long);
      replies.statsEnd(request);
    });
    expect(stats.map(({ key, value }) => [key, value])).toEqual([
      ['name', long],
      ['', ''],
    ]);
    const entry = one((replies) => replies.configEntry(request, 'n', 7, Buffer.from(long)));
    expect(entry).toEqual({ opcode: OPCODE.stat, extras: '00000007', key: 'n', value: long });
  });
  test('the replies grow the output for a statistic and the end at the end of its room', () => {
    const request = requestOf(OPCODE.stat);
    for (const write of [
      (replies: BinaryReplies) => replies.stat(request, '', ''),
      (replies: BinaryReplies) => replies.statsEnd(request),
    ]) {
      const sink = new ByteSink(30);
      sink.at = 29;
      write(new BinaryReplies(sink));
      expect(packetsOf(sink.bytes.subarray(29, sink.at)).packets).toHaveLength(1);
    }
  });
  test('the reply to a login has a status and a text, or only a status', () => {
    const request = requestOf(OPCODE.saslStart, { noreply: true });
    const reply = one((replies) => replies.text(request, 0x21, 'PLAIN'));
    expect(reply).toEqual({ opcode: OPCODE.saslStart, status: 0x21, value: 'PLAIN' });
    const failure = one((replies) => replies.error(request, 0x20));
    expect(failure).toEqual({ opcode: OPCODE.saslStart, status: 0x20, value: 'Auth failure.' });
  });
  test('the reply to an invalid request has its status', () => {
    const request = requestOf(0x7f, { errorStatus: 0x81 });
    expect(one((replies) => replies.errorReply(request))).toEqual({
      opcode: 0x7f,
      status: 0x81,
      value: 'Unknown command',
    });
  });
  test('the replies to `stats detail dump` are the text and an end', () => {
    const request = requestOf(OPCODE.stat);
    const packets = written((replies) =>
      replies.detailDump(request, (sink) => sink.putText('abc')),
    );
    expect(packets.map(({ key, value }) => [key, value])).toEqual([
      ['detailed', 'abc'],
      ['', ''],
    ]);
  });
});
