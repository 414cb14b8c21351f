import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { ReplyQueue } from '../../../../src/server/session/reply-queue.ts';
import { ManualSeat } from '../../../support/manual-seat.ts';

function makeQueue() {
  const sink = new ByteSink(1024);
  const seat = new ManualSeat();
  let calls = 0;
  const log = { watchedStreams: 0, cfd: 0, publish: () => {} };
  const host = { id: 3, replied: () => void calls++ };
  const queue = new ReplyQueue({ sink, trace: undefined, log }, seat, host);
  /** What may leave now. */
  const take = (): string => {
    queue.take();
    const text = sink.bytes.toString('latin1', 0, sink.at);
    sink.at = 0;
    queue.noteSent();
    return text;
  };
  return { sink, seat, queue, take, calls: () => calls };
}

const nextTask = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue of replies', () => {
  test('an empty queue leaves the replies in the sink', () => {
    const { sink, queue } = makeQueue();
    sink.putText('OK\r\n');
    queue.seal();
    expect(queue).toMatchObject({ isEmpty: true, bytes: 0 });
    expect(queue.take()).toBe(true);
    expect(sink.at).toBe(4);
  });
  test('the owner is called once for all that comes in one task', async () => {
    const { queue, calls } = makeQueue();
    const entries = [queue.pend(), queue.pend(), queue.pend()];
    for (const entry of entries) queue.settle(entry, Buffer.from('END\r\n'));
    expect(calls()).toBe(0);
    await nextTask();
    expect(calls()).toBe(1);
  });
  test('a long reply is taken in pieces', () => {
    const { queue, take } = makeQueue();
    const reply = Buffer.from('abcd'.repeat(100_000));
    queue.settle(queue.pend(), reply, true);
    queue.settle(queue.pend(), Buffer.from('END\r\n'));
    const pieces = [take(), take(), take()];
    expect(pieces.map(({ length }) => length)).toEqual([196_608, 196_608, 6789]);
    expect(pieces.join('') === `${reply}END\r\n`).toBe(true);
    expect(queue).toMatchObject({ isEmpty: true, bytes: 0 });
  });
  test('a reply of a later input does not wait for an acknowledgement of an earlier one', () => {
    const { sink, seat, queue, take } = makeQueue();
    seat.mustWait = () => true;
    sink.putText('STORED\r\n');
    queue.seal();
    seat.mustWait = () => false;
    const late = queue.pend();
    queue.seal();
    sink.putText('MN\r\n');
    queue.seal();
    queue.settle(late, Buffer.from('END\r\n'));
    expect(take()).toBe('');
    seat.acknowledgements.shift()!();
    expect(take()).toBe('STORED\r\nEND\r\nMN\r\n');
  });
  test('a late reply waits for keys that were read before it without a reply', () => {
    const { seat, queue, take } = makeQueue();
    const first = queue.pend();
    seat.hasChanges = true;
    expect(queue.extend(first)).toBe(false);
    const late = queue.pend();
    seat.mustWait = () => true;
    queue.seal();
    for (const entry of [first, late]) queue.settle(entry, Buffer.from('END\r\n'));
    expect(take()).toBe('END\r\n');
    seat.acknowledgements.shift()!();
    expect(take()).toBe('END\r\n');
  });
  test('a new input holds its own replies only', () => {
    const { sink, seat, queue, take } = makeQueue();
    const late = queue.pend();
    sink.putText('VERSION test\r\n');
    queue.seal();
    seat.mustWait = () => true;
    sink.putText('STORED\r\n');
    queue.seal();
    queue.settle(late, Buffer.from('END\r\n'));
    expect(take()).toBe('END\r\nVERSION test\r\n');
    seat.acknowledgements.shift()!();
    expect(take()).toBe('STORED\r\n');
  });
  test('callbacks run once the reply before them has left', () => {
    const { sink, queue, take } = makeQueue();
    const called: number[] = [];
    const [first, second] = [queue.pend(), queue.pend()];
    queue.whenSent(() => called.push(2));
    queue.settle(first, Buffer.from('END\r\n'));
    take();
    expect(called).toEqual([]);
    queue.settle(second, Buffer.from('END\r\n'));
    queue.take();
    expect(called).toEqual([]);
    sink.at = 0;
    queue.noteSent();
    expect(called).toEqual([2]);
  });
  test('an abandoned queue keeps nothing that comes later', async () => {
    const { sink, seat, queue, take, calls } = makeQueue();
    seat.mustWait = () => true;
    sink.putText('STORED\r\n');
    queue.seal();
    const late = queue.pend();
    queue.abandon();
    queue.settle(late, Buffer.from('END\r\n'));
    seat.acknowledgements.shift()!();
    await nextTask();
    expect(queue).toMatchObject({ isEmpty: true, bytes: 0 });
    expect([take(), calls()]).toEqual(['', 0]);
  });
});
