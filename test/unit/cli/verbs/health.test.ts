import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { checkHealth } from '../../../../src/cli/cache/health-check.ts';
import { run } from '../../../../src/cli/run.ts';
import { healthVerb } from '../../../../src/cli/verbs/health.ts';
import { readNodes } from '../../../../src/topology/index.ts';
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
    expect(text).toEqual({ code: 0, out: `${node} is ready: version 1.2.3`, err: '' });
    const json = await health(`--port=${port}`, '--json', '--patience', '60000');
    expect(JSON.parse(json.out)).toEqual({ node, state: 'ready', version: '1.2.3' });
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
    expect(closed).toMatchObject({ code: 1, err: expect.stringContaining('connection refused') });
  });

  test('a node without a free connection is alive and not ready', async () => {
    const port = await listen(replying('ERROR Too many open connections\r\n'));
    const full = await health('-p', `${port}`, '--patience', '60000');
    const text = 'is alive, but not ready: it replied "ERROR Too many open connections"';
    expect(full).toMatchObject({ code: 1, out: '', err: expect.stringContaining(text) });
    const live = await health('-p', `${port}`, '--live', '--patience', '60000');
    expect(live).toMatchObject({ code: 0, out: expect.stringContaining('is alive: it replied') });
  });

  test('slabring health --nodes shows every node, and exits with 1 if one is down', async () => {
    const port = await listen(replying('VERSION 1.2.3\r\n'));
    const [up, down] = [`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`];
    const { code, out } = await health('--nodes', `${up},${down}`, '--patience', '60000');
    expect([code, out.split('\n').map((row) => row.replaceAll(/ +/g, ' '))]).toEqual([
      1,
      [`${up} ready: version 1.2.3`, `${down} DOWN: connection refused`],
    ]);
    const json = await health('--nodes', `${up},${down}`, '--json', '--patience', '60000');
    expect(JSON.parse(json.out)).toEqual([
      { node: up, state: 'ready', version: '1.2.3' },
      { node: down, state: 'down', reason: 'connection refused' },
    ]);
  });

  test('a process without a listener is alive: it starts or drains', async () => {
    const [address] = readNodes([`127.0.0.1:${await freePort()}`]);
    const checked = { address: address!, tls: undefined, isRunning: true };
    expect(await checkHealth(checked, 60_000)).toMatchObject({ state: 'alive' });
    expect(await checkHealth({ ...checked, isRunning: false }, 60_000)).toMatchObject({
      state: 'down',
    });
  });

  test('--local, --cluster and --nodes exclude each other', async () => {
    expect(await health('--local', '--cluster')).toMatchObject({ code: 2 });
    expect(await health('--nodes', 'a', '--cluster')).toMatchObject({ code: 2 });
  });

  test.each([
    ['certificate', '--ssl-chain-cert', 'none.pem', 'there is no such file'],
    ['certificate', '--ssl-chain-cert', '.', 'it is a folder'],
    ['key', '--ssl-key', 'none.key', 'there is no such file'],
  ])(
    'slabring health exits with 2 if the client %s of %s %s is unreadable',
    async (what, option, path, reason) => {
      const readable = `--ssl-chain-cert=${import.meta.filename}`;
      const { code, out, err } = await health('-Z', readable, option, path);
      expect(err).toMatch(/^slabring: [^\n]+\.$/);
      expect(err).toContain(`Cannot read the client ${what} of ${option}, ${path}: ${reason}`);
      expect({ code, out }).toEqual({ code: 2, out: '' });
    },
  );
});
