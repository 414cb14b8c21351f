import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { type Command, Operation } from '../../../src/client/connection/operation.ts';
import { Pipeline } from '../../../src/client/connection/pipeline.ts';
import { encodeLine, MalformedReply } from '../../../src/protocol/client.ts';

const get = (...keys: readonly string[]): Command => {
  const line = `get ${keys.join(' ')}`;
  return { keys, shape: 'values', encode: (sink) => encodeLine(sink, line) };
};
const remove: Command = {
  keys: ['k'],
  shape: 'line',
  line: /^(DELETED|NOT_FOUND)$/,
  encode: (sink) => encodeLine(sink, 'delete k'),
};

/** A pipeline that has sent these commands, and what has come of them, in the order it came. */
function sent(...commands: readonly Command[]): { pipeline: Pipeline; ends: string[] } {
  const pipeline = new Pipeline();
  const ends: string[] = [];
  for (const [index, command] of commands.entries()) {
    const came = (how: string) => () => void ends.push(`${index} ${how}`);
    pipeline.add(new Operation(command, 100 + index, came('answered'), came('failed')));
  }
  pipeline.encodeWaiting(new ByteSink(1024), 1024);
  return { pipeline, ends };
}

describe('a pipeline', () => {
  test('settles commands in the order they were sent, several in one piece', () => {
    const { pipeline, ends } = sent(get('a'), remove, get('b'));
    pipeline.receive(Buffer.from('END\r\nDELETED\r\nEN'));
    expect(ends).toEqual(['0 answered', '1 answered']);
    pipeline.receive(Buffer.from('D\r\n'));
    expect(ends).toEqual(['0 answered', '1 answered', '2 answered']);
    expect(pipeline.count).toBe(0);
  });

  test('sends no more than fits, and the rest later in order', () => {
    const pipeline = new Pipeline();
    const noop = (): void => {};
    for (const key of ['a', 'b', 'c']) pipeline.add(new Operation(get(key), 1, noop, noop));
    const sink = new ByteSink(64);
    pipeline.encodeWaiting(sink, 8);
    expect([pipeline.sentCount, pipeline.waitingCount]).toEqual([2, 1]);
    pipeline.encodeWaiting(sink, 64);
    expect(sink.bytes.toString('latin1', 0, sink.at)).toBe('get a\r\nget b\r\nget c\r\n');
  });

  test.each([
    ['a key not asked for', get('a'), 'VALUE b 0 1\r\nx\r\nEND\r\n'],
    ['keys in another order', get('a', 'b'), 'VALUE b 0 0\r\n\r\nVALUE a 0 0\r\n\r\nEND\r\n'],
    ['a key twice', get('a'), 'VALUE a 0 0\r\n\r\nVALUE a 0 0\r\n\r\nEND\r\n'],
    ['the answer to another command', remove, 'STORED\r\n'],
  ])('does not trust %s', (_, command, wire) => {
    const { pipeline, ends } = sent(command);
    expect(() => pipeline.receive(Buffer.from(wire))).toThrow(MalformedReply);
    expect(ends).toEqual([]);
    expect(pipeline.takeSent()).toHaveLength(1);
  });

  test('does not trust bytes that answer no command', () => {
    const { pipeline } = sent(remove);
    expect(() => pipeline.receive(Buffer.from('DELETED\r\nDELETED\r\n'))).toThrow(MalformedReply);
  });

  test('starts clean after its connection: half a reply is not the next one’s', () => {
    const { pipeline, ends } = sent(get('a'));
    pipeline.receive(Buffer.from('VALUE a 0 3\r\nab'));
    expect(pipeline.takeSent()).toHaveLength(1);
    pipeline.add(
      new Operation(
        remove,
        1,
        () => void ends.push('next'),
        () => {},
      ),
    );
    pipeline.encodeWaiting(new ByteSink(64), 64);
    pipeline.receive(Buffer.from('DELETED\r\n'));
    expect(ends).toEqual(['next']);
  });

  test('knows the earliest deadline, and which have passed', () => {
    const { pipeline } = sent(get('a'), get('b'));
    const late = new Operation(
      remove,
      50,
      () => {},
      () => {},
    );
    pipeline.add(late);
    expect(pipeline.earliestDeadline()).toBe(50);
    expect(pipeline.overdue(99)).toEqual({ waiting: [late], sent: false });
    expect(pipeline.overdue(100)).toEqual({ waiting: [], sent: true });
    expect(pipeline.earliestDeadline()).toBe(100);
  });
});
