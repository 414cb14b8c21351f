import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { Channel, PENDING_MAX } from '../../../../src/node/threads/channel.ts';

interface Arithmetic {
  readonly double: (number: number) => number;
  readonly refuse: (code: string) => Promise<never>;
  readonly throwBug: (text: string) => void;
  readonly never: (_: undefined) => Promise<void>;
}
type Nothing = Record<string, never>;

function connected() {
  const { port1, port2 } = new MessageChannel();
  const calls: string[] = [];
  const far = new Channel<Nothing, Arithmetic>(port2, {
    double: (number) => 2 * number,
    refuse: (code) => Promise.reject(new CodedError(code, 'refused for a test')),
    throwBug: (text) => {
      calls.push(text);
      throw new TypeError(text);
    },
    never: () => new Promise<void>(() => {}),
  });
  return { near: new Channel<Arithmetic, Nothing>(port1, {}), far, port1, port2, calls };
}

describe('a channel between two threads', () => {
  test('a channel matches each response to its request', async () => {
    const { near } = connected();
    expect(await Promise.all([near.call('double', 4), near.call('double', 21)])).toEqual([8, 42]);
    near.close();
  });
  test('a request rejects with the code and message of the other end; others go on', async () => {
    const { near } = connected();
    await expect(near.call('refuse', 'ERR_TEST')).rejects.toMatchObject({
      code: 'ERR_TEST',
      message: 'refused for a test',
    });
    await expect(near.call('throwBug', 'oops')).rejects.toThrow('oops');
    expect(await near.call('double', 1)).toBe(2);
    near.close();
  });
  test('a channel rejects every pending request when it closes', async () => {
    const { near } = connected();
    const pending = [near.call('never', undefined), near.call('never', undefined)];
    near.close();
    for (const each of pending) {
      await expect(each).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
    }
    await expect(near.call('double', 1)).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });
  test('a channel rejects every pending request when the other end closes', async () => {
    const { near, far } = connected();
    const pending = near.call('never', undefined);
    far.close();
    await expect(pending).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });
  test('a channel rejects every pending request when the port of the other end dies', async () => {
    const { near, port2 } = connected();
    const pending = near.call('never', undefined);
    port2.close();
    await expect(pending).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' });
  });
  test(`a channel refuses a request while ${PENDING_MAX} wait`, async () => {
    const { near } = connected();
    const pending = Array.from({ length: PENDING_MAX }, () => near.call('never', undefined));
    await expect(near.call('double', 1)).rejects.toMatchObject({ code: 'ERR_CHANNEL_FULL' });
    near.close();
    const settled = await Promise.allSettled(pending);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
  });
  test('a channel ignores a response to a request that it did not send', async () => {
    const { near, port2 } = connected();
    port2.postMessage({ kind: 'result', id: 77, value: 1 });
    expect(await near.call('double', 3)).toBe(6);
    near.close();
  });
  test('a channel answers nothing after it has closed', async () => {
    const { near, far, port1, calls } = connected();
    near.close();
    far.close();
    port1.postMessage({ kind: 'request', id: 1, name: 'throwBug', argument: 'late' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
  });
});
