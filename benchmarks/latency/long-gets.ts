import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../test/support/random.ts';
import type { TestServer } from '../../test/support/server.ts';

const CONNECTIONS = 8;
const KEYS_MAX = 2000;
const END = 'END\r\n';

/**
 * Gets of 1 to 2000 missing keys, on 8 connections that each wait for their reply. The logarithm of
 * the number is evenly distributed, so the time of the node spreads widely and its tail is no
 * accident; the replies are short, so that the time of the client does not matter.
 */
export async function sendLongGets(node: TestServer, seconds: number): Promise<void> {
  const random = new Random(1);
  const request = (): string => {
    const keys = Math.ceil(KEYS_MAX ** random.fraction());
    const names = Array.from({ length: keys }, () => `absent-${random.int(0, 1e6)}`);
    return `get ${names.join(' ')}\r\n`;
  };
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = connect({ host: node.host, port: node.port, noDelay: true });
    let received = 0;
    socket.on('connect', () => socket.write(request()));
    socket.on('data', ({ length }) => {
      received += length;
      if (received % END.length === 0) socket.write(request());
    });
    return socket;
  });
  await pause(seconds * 1000);
  for (const socket of sockets) socket.destroy();
}
