import { describe, expect, test } from 'vitest';
import { ReplyMemory } from '../../../../src/control/api/reply-memory.ts';

const MINUTE_MS = 60_000;
const reply = { status: 200, body: 'x' };

describe('the replies that are kept', () => {
  test('a reply is there for fifteen minutes', () => {
    const memory = new ReplyMemory();
    memory.keep('a', reply, 0);
    expect(memory.get('a', 14 * MINUTE_MS)).toMatchObject(reply);
    expect(memory.get('a', 15 * MINUTE_MS)).toBeUndefined();
    expect(memory.get('b', 0)).toBeUndefined();
  });

  test('the oldest ones go when there are 2000', () => {
    const memory = new ReplyMemory();
    for (let nth = 0; nth < 2001; nth++) memory.keep(`${nth}`, reply, nth);
    expect(memory.get('0', 2001)).toBeUndefined();
    expect(memory.get('1', 2001)).toBeDefined();
    expect(memory.get('2000', 2001)).toBeDefined();
  });
});
