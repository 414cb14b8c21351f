import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { NoReply } from '../../../../src/client/connection/ask-connection.ts';
import { askOnce } from '../../../../src/client/connection/ask-once.ts';
import type { SingleRequest } from '../../../../src/client/connection/exchange.ts';
import { type NodeAddress, readNodes } from '../../../../src/topology/index.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { freePort } from '../../../support/ports.ts';

const VERSION: SingleRequest = { verb: 'version' };
const REPLY_BYTES_MAX = 64;
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that calls `serve` with each connection; `open` counts the open ones. */
class ScriptedNode {
  readonly server: Server;
  readonly sockets = new Set<Socket>();
  connectionCount = 0;

  constructor(serve: (socket: Socket, nth: number) => void) {
    this.server = createServer((socket) => {
      this.sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => this.sockets.delete(socket))
        .resume();
      serve(socket, ++this.connectionCount);
    });
  }

  async listen(on: { readonly port: number } | { readonly path: string }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen({ host: '127.0.0.1', ...on }, resolve);
    });
    cleanups.push(() => {
      for (const socket of this.sockets) socket.destroy();
      return new Promise((resolve) => this.server.close(resolve));
    });
  }
}

async function listen(serve: (socket: Socket, nth: number) => void) {
  const port = await freePort();
  const node = new ScriptedNode(serve);
  await node.listen({ port });
  const [address] = readNodes([`127.0.0.1:${port}`]) as [NodeAddress];
  return { node, address };
}
const replying = (reply: string) => (socket: Socket) =>
  socket.on('data', () => socket.write(reply));

const ask = (address: NodeAddress, signal = AbortSignal.timeout(60_000)) =>
  askOnce(address, VERSION, { replyBytesMax: REPLY_BYTES_MAX, signal });
const failureOf = (result: Promise<unknown>): Promise<NoReply> =>
  result.then(
    () => expect.fail('a reply'),
    (error: NoReply) => error,
  );

describe('askOnce', () => {
  test('askOnce returns the reply and closes the connection', async () => {
    const { node, address } = await listen(replying('VERSION 1.2.3\r\n'));
    expect(await ask(address)).toMatchObject({ status: 'line', line: '1.2.3' });
    await expect.poll(() => node.sockets.size).toBe(0);
    expect(node.connectionCount).toBe(1);
  });

  test('askOnce connects to a Unix socket', async () => {
    const folder = await temporaryFolder();
    cleanups.push(() => folder.remove());
    const path = join(folder.path, 'node.sock');
    await new ScriptedNode(replying('VERSION 1.2.3\r\n')).listen({ path });
    expect(await ask(readNodes([path])[0]!)).toMatchObject({ line: '1.2.3' });
  });

  test('askOnce collects a reply that arrives a byte at a time', async () => {
    const { address } = await listen((socket) => {
      socket.setNoDelay().once('data', async () => {
        for (const byte of 'VERSION 1.2.3\r\n') {
          socket.write(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
    });
    expect(await ask(address)).toMatchObject({ line: '1.2.3' });
  });

  test.each(['', 'VERSION 1.2', 'VERSION 1.2.3\r'])(
    'a node that closes after %j sends no reply',
    async (reply) => {
      const { node, address } = await listen((socket) => {
        socket.once('data', () => socket.end(reply));
      });
      const error = await failureOf(ask(address));
      expect(error).toMatchObject({ name: 'NoReply', received: reply, isClosed: true });
      expect(error.message).toBe('it closed the connection');
      // Only a node that sent nothing may be one that accepts only binary.
      expect(node.connectionCount).toBe(reply === '' ? 2 : 1);
    },
  );

  test('a node that closes a text connection gets the request in binary', async () => {
    const requests: string[] = [];
    const { address } = await listen((socket, nth) => {
      socket.once('data', (bytes) => {
        requests.push(bytes.toString('latin1'));
        const head = Buffer.from('810b0000000000000000000500000001'.padEnd(48, '0'), 'hex');
        socket.end(nth === 1 ? '' : Buffer.concat([head, Buffer.from('1.2.3')]));
      });
    });
    expect(await ask(address)).toMatchObject({ status: 'line', line: '1.2.3' });
    expect([requests[0], requests[1]?.slice(0, 2)]).toEqual(['version\r\n', '\x80\x0b']);
  });

  test.each([
    ['HTTP/1.1 400 Bad Request\r\n', /^it sent a malformed reply: /],
    ['x'.repeat(REPLY_BYTES_MAX), undefined],
    ['x'.repeat(REPLY_BYTES_MAX + 1), /^it sent more than 64 bytes$/],
  ])('the bytes %.30j are no reply', async (reply, message) => {
    const { node, address } = await listen(replying(reply));
    if (message === undefined) {
      expect(await failureOf(ask(address, AbortSignal.timeout(50)))).toMatchObject({
        name: 'TimeoutError',
      });
    } else {
      const error = await failureOf(ask(address));
      expect(error).toMatchObject({ name: 'NoReply', received: reply, isClosed: false });
      expect(error.message).toMatch(message);
    }
    await expect.poll(() => node.sockets.size).toBe(0);
  });

  test('a silent node holds the caller only until the signal aborts', async () => {
    const { node, address } = await listen(() => {});
    const controller = new AbortController();
    const failure = failureOf(ask(address, controller.signal));
    await expect.poll(() => node.sockets.size).toBe(1);
    controller.abort(new Error('enough'));
    expect((await failure).message).toBe('enough');
    await expect.poll(() => node.sockets.size).toBe(0);
  });

  test('a request that only text has is not asked again in binary', async () => {
    const { node, address } = await listen((socket) => socket.end());
    const options = { replyBytesMax: REPLY_BYTES_MAX, signal: AbortSignal.timeout(60_000) };
    const asked = askOnce(address, { verb: 'limit-memory', mebibytes: 8 }, options);
    expect((await failureOf(asked)).message).toBe('it closed the connection');
    expect(node.connectionCount).toBe(1);
  });

  test('an aborted signal opens no connection', async () => {
    const { node, address } = await listen(() => {});
    const failure = await failureOf(ask(address, AbortSignal.abort(new Error('before'))));
    expect(failure.message).toBe('before');
    expect(node.connectionCount).toBe(0);
  });

  test('the error of the socket is the failure', async () => {
    const [closed] = readNodes([`127.0.0.1:${await freePort()}`]);
    expect((await failureOf(ask(closed!))).message).toContain('ECONNREFUSED');
    const { address } = await listen((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect((await failureOf(ask(address))).message).toContain('ECONNRESET');
  });
});
