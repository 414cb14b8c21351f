import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { DIALECT } from '../../../src/protocol/index.ts';
import { OutgoingRequests } from '../../../src/proxy/outgoing.ts';
import { OP, packet } from '../../support/binary-wire.ts';

const outgoing = new OutgoingRequests();

function put(dialect: (typeof DIALECT)[keyof typeof DIALECT], bytes: string | Buffer) {
  const sink = new ByteSink(1);
  const request = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const finish = outgoing.put(sink, dialect === DIALECT.binary, request);
  if (typeof finish !== 'function') return { error: finish.message, sent: sink.at };
  const sent = sink.bytes.toString('latin1', 0, sink.at);
  const shown = (reply: string | Buffer): Buffer => finish(Buffer.from(reply));
  return { sent, shown, hides: (reply: string | Buffer) => shown(reply).length === 0 };
}

describe('a request on its way to a memcached', () => {
  test.each([
    ['set a 1 0 2 noreply\r\nxx\r\n', 'set a 1 0 2\r\nxx\r\n'],
    ['delete a  noreply \r\n', 'delete a \r\n'],
    ['incr a 1 noreply\n', 'incr a 1\n'],
  ])('%j goes without its noreply, and no reply is shown', (request, sent) => {
    const { sent: got, hides } = put(DIALECT.classic, request);
    expect(got).toBe(sent.replace('delete a \r\n', 'delete a  \r\n'));
    expect([hides!('STORED\r\n'), hides!('SERVER_ERROR out of memory\r\n')]).toEqual([true, true]);
  });

  test('a key that is called noreply stays', () => {
    const { sent, hides } = put(DIALECT.classic, 'get a noreply\r\n');
    expect([sent, hides!('END\r\n')]).toEqual(['get a noreply\r\n', false]);
  });

  test.each([
    ['mg q v q Oq\r\n', 'mg q v Oq\r\n', 'EN\r\n', 'VA 1\r\nx\r\n'],
    ['ms q 1 q T0\r\nq\r\n', 'ms q 1 T0\r\nq\r\n', 'HD\r\n', 'NS\r\n'],
    ['md a q\r\n', 'md a\r\n', 'HD\r\n', 'NF\r\n'],
    ['ma a v q N0\r\n', 'ma a v N0\r\n', 'VA 1\r\n5\r\n', 'NF\r\n'],
  ])('%j goes without its flag q, and only the usual reply is hidden', (request, ...expected) => {
    const [sent, hidden, shown] = expected;
    const got = put(DIALECT.meta, request);
    expect(got.sent).toBe(sent);
    expect([got.hides!(hidden!), got.hides!(shown!)]).toEqual([true, false]);
  });

  test.each([
    ['getkq', OP.getkq, OP.getk, 1, 0],
    ['setq', OP.setq, OP.set, 0, 5],
    ['deleteq', OP.deleteq, OP.delete, 0, 1],
  ])('%s goes with the opcode that has a reply', (_, quiet, loud, hidden, shown) => {
    const isSet = quiet === OP.setq;
    const request = packet({
      opcode: quiet,
      key: 'a',
      ...(isSet ? { extras: Buffer.alloc(8), value: 'v' } : {}),
    });
    const { sent, hides, shown: shownOf } = put(DIALECT.binary, request);
    expect(shownOf!(Buffer.alloc(24, 9))[1]).toBe(quiet);
    expect(sent).toBe(Buffer.from(request).fill(loud, 1, 2).toString('latin1'));
    const reply = (status: number): Buffer => {
      const bytes = Buffer.alloc(24);
      bytes.writeUInt16BE(status, 6);
      return bytes;
    };
    expect([hides!(reply(hidden)), hides!(reply(shown))]).toEqual([true, false]);
  });

  test('a storage request without its value never leaves', () => {
    const text = put(DIALECT.classic, 'set a 0 0 70000000\r\n');
    const meta = put(DIALECT.meta, 'ms a 70000000\r\n');
    expect([text, meta]).toEqual([
      { error: 'object too large for cache', sent: 0 },
      { error: 'object too large for cache', sent: 0 },
    ]);
  });
});
