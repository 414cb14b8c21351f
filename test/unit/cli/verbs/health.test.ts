import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { healthVerb } from '../../../../src/cli/verbs/health.ts';
import { freePort } from '../../../support/ports.ts';
import { TestHost } from '../host.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Starts a server that calls `serve` with each connection; resolves with its port. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return port;
}

/** Sends `reply` when the complete request has arrived. */
const replying = (reply: string) => (socket: Socket) => {
  let request = '';
  socket.setEncoding('latin1').on('data', (text) => {
    request += String(text);
    if (request === 'version\r\n') socket.write(reply);
  });
};

async function health(...args: readonly string[]) {
  const host = new TestHost();
  const code = await run(['health', ...args], [healthVerb], host);
  return { code, out: host.outputLines.join('\n'), err: host.errorLines.join('\n') };
}

describe('slabring health', () => {
  test('slabring health exits with 0 if the node replies, and prints text or JSON', async () => {
    const port = await listen(replying('VERSION 1.2.3\r\n'));
    const node = `127.0.0.1:${port}`;
    const text = await health('-p', `${port}`, '--patience', '60000');
    expect(text).toEqual({ code: 0, out: `${node} answers: 1.2.3`, err: '' });
    const json = await health(`--port=${port}`, '--json', '--patience', '60000');
    expect(JSON.parse(json.out)).toEqual({ node, version: '1.2.3' });
  });

  test.each([
    ['another server replies', replying('HTTP/1.1 400 Bad Request\r\n'), /HTTP\/1\.1 400/],
    ['the reply has no end', replying('x'.repeat(1000)), /it replied "x{256}"/],
    ['the node closes the connection', (socket: Socket) => void socket.end(), /it replied ""/],
  ])('slabring health exits with 1 if %s', async (_, serve, reason) => {
    const port = await listen(serve);
    const { code, out, err } = await health('-p', `${port}`, '--patience', '60000');
    expect(err).toMatch(reason);
    expect(err).toContain(`127.0.0.1:${port} is not healthy`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test('slabring health exits with 1 if the node sends nothing or the port is closed', async () => {
    const port = await listen(() => {});
    const silent = await health('-p', `${port}`, '--patience', '50');
    expect(silent).toMatchObject({ code: 1, err: expect.stringContaining('no reply within 50') });
    const closed = await health('-p', `${await freePort()}`, '--patience', '60000');
    expect(closed).toMatchObject({ code: 1, err: expect.stringContaining('ECONNREFUSED') });
  });

  test.each([
    ['certificate', '--ssl-chain-cert', 'none.pem', 'ENOENT'],
    ['certificate', '--ssl-chain-cert', '.', 'EISDIR'],
    ['key', '--ssl-key', 'none.key', 'ENOENT'],
  ])(
    'slabring health exits with 2 if the client %s of %s %s is unreadable',
    async (what, option, path, reason) => {
      const readable = `--ssl-chain-cert=${import.meta.filename}`;
      const { code, out, err } = await health('-Z', readable, option, path);
      expect(err).toMatch(/^slabring: [^\n]+\.$/);
      expect(err).toContain(`Cannot read the client ${what} of ${option}: ${reason}`);
      expect({ code, out }).toEqual({ code: 2, out: '' });
    },
  );
});
