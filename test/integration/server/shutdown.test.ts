import { expect, test } from 'vitest';
import { startSlabring } from '../../support/node-process.ts';
import { RawConnection } from '../../support/wire.ts';

const CLIENTS = 50;
const SETS_BEFORE_STOP = 5000;
const STORED = 'STORED\r\n';

/** Sets 1, 2, 3 … one after the other until the node closes the connection; returns all replies. */
async function setRepeatedly(
  connection: RawConnection,
  client: number,
  onReply: () => void,
): Promise<string> {
  let replies = '';
  for (let sequence = 1; ; sequence++) {
    connection.send(`set c${client} 0 0 ${String(sequence).length}\r\n${sequence}\r\n`);
    try {
      replies += (await connection.readUntil(STORED)).toString();
    } catch {
      return replies + (await connection.readToEnd()).toString();
    }
    onReply();
  }
}

/** The tests run concurrently, because their nodes take most of the time to start and to end. */
test.concurrent.for(['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)(
  'a node that gets %s while 50 clients set sends whole replies and exits with code 0',
  async (signal) => {
    const server = await startSlabring();
    const connections = await Promise.all(
      Array.from({ length: CLIENTS }, () => RawConnection.connect(server.address)),
    );
    let replies = 0;
    const onReply = () => {
      if (++replies === SETS_BEFORE_STOP) server.process.child.kill(signal);
    };
    const received = await Promise.all(
      connections.map((each, i) => setRepeatedly(each, i, onReply)),
    );
    for (const text of received) expect(text).toBe(STORED.repeat(text.length / STORED.length));
    expect(replies).toBeGreaterThanOrEqual(SETS_BEFORE_STOP);
    expect(await server.process.exited).toEqual({ code: 0, signal: null });
    for (const each of connections) each.destroy();
    await expect(RawConnection.connect(server.address)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  },
);

test.concurrent('idle clients do not delay the end of a node', async () => {
  const server = await startSlabring();
  const idle = await RawConnection.connect(server.address);
  const halfway = await RawConnection.connect(server.address);
  await idle.exchange('get a\r\n');
  await halfway.sendPieces([Buffer.from('set a 0 0 10\r\nhalf')]);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  idle.destroy();
  halfway.destroy();
});
