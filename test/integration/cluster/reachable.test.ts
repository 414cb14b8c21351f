import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkReachable } from '../../../src/cluster/membership/etcd/reachable.ts';
import { freePort } from '../../support/ports.ts';

test('a node finds out whether others can connect to its address', async () => {
  const port = await freePort();
  // No address of an interface, so the node tries it.
  const address = `localhost:${port}`;
  await expect(checkReachable(address)).rejects.toMatchObject({
    code: 'ERR_ADVERTISE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
  await checkReachable(`127.0.0.1:${port}`);
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  try {
    await checkReachable(address);
  } finally {
    server.close();
  }
});
