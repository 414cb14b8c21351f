import { describe, expect, test } from 'vitest';
import { PortFlow } from '../../../../src/ops/snapshot/port-flow.ts';

/** The chunks that a sender may have under way. */
const CHUNKS = 16;

describe('the flow between two threads', () => {
  test('a sender waits at the bound until the receiver has taken a chunk', async () => {
    const sender = new PortFlow();
    const receiver = new PortFlow(sender.memory);
    for (let sent = 0; sent < CHUNKS; sent++) {
      await sender.untilRoom();
      sender.countIn();
    }
    let hasRoom = false;
    const room = sender.untilRoom().then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    receiver.countOut();
    await room;
  });
  test('a sender at the bound ends when the node stops or the receiver has gone', async () => {
    const flow = new PortFlow();
    for (let sent = 0; sent < CHUNKS; sent++) flow.countIn();
    const stop = (): never => {
      throw new Error('the node stops');
    };
    expect(() => flow.waitForRoom(stop)).toThrow('the node stops');
    const waiting = flow.untilRoom();
    new PortFlow(flow.memory).cancel();
    const gone = expect.objectContaining({ code: 'ERR_SNAPSHOT_CANCELLED' });
    await expect(waiting).rejects.toEqual(gone);
    expect(() => flow.waitForRoom(stop)).toThrow(gone);
  });
});
