import { expect, test } from 'vitest';
import { startSlabring } from '../../support/node-process.ts';
import { RawConnection } from '../../support/wire.ts';

const CLIENTS = 50;
const SETS_BEFORE_STOP = 5000;
const STORED = 'STORED\r\n';

/** Sets 1, 2, 3 … as fast as replies come, until the server ends the connection; returns all it was told. */
async function hammer(
  connection: RawConnection,
  client: number,
  onReply: () => void,
): Promise<string> {
  let told = '';
  for (let sequence = 1; ; sequence++) {
    connection.send(`set c${client} 0 0 ${String(sequence).length}\r\n${sequence}\r\n`);
    try {
      told += (await connection.readUntil(STORED)).toString();
    } catch {
      return told + (await connection.readToEnd()).toString();
    }
    onReply();
  }
}

/** The nodes of all tests are there at once: most of the time goes by while they start and end. */
test.concurrent.for(['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)(
  '%s while 50 clients set: every reply is whole, and the process ends well',
  async (signal) => {
    const server = await startSlabring();
    const connections = await Promise.all(
      Array.from({ length: CLIENTS }, () => RawConnection.connect(server.address)),
    );
    let replies = 0;
    const onReply = () => {
      if (++replies === SETS_BEFORE_STOP) server.process.child.kill(signal);
    };
    const told = await Promise.all(connections.map((each, i) => hammer(each, i, onReply)));
    for (const text of told) expect(text).toBe(STORED.repeat(text.length / STORED.length));
    expect(replies).toBeGreaterThanOrEqual(SETS_BEFORE_STOP);
    expect(await server.process.ended).toEqual({ code: 0, signal: null });
    for (const each of connections) each.destroy();
    await expect(RawConnection.connect(server.address)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  },
);

test.concurrent('idle clients do not keep a node from ending', async () => {
  const server = await startSlabring();
  const idle = await RawConnection.connect(server.address);
  const halfway = await RawConnection.connect(server.address);
  await idle.exchange('get a\r\n');
  await halfway.sendPieces([Buffer.from('set a 0 0 10\r\nhalf')]);
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  idle.destroy();
  halfway.destroy();
});
