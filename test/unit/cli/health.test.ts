import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { healthVerb } from '../../../src/cli/health.ts';
import { run } from '../../../src/cli/run.ts';
import { freePort } from '../../support/ports.ts';
import { TestHost } from './host.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server that does `answer` with each connection; resolves with its port. */
async function listen(answer: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    answer(socket);
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

/** Answers `reply` once the whole request has come. */
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
  return { code, out: host.said.join('\n'), err: host.complained.join('\n') };
}

describe('slabring health', () => {
  test('0 when the node answers, in words or as JSON', async () => {
    const port = await listen(replying('VERSION 1.2.3\r\n'));
    const where = `127.0.0.1:${port}`;
    const words = await health('-p', `${port}`, '--patience', '60000');
    expect(words).toEqual({ code: 0, out: `${where} answers: 1.2.3`, err: '' });
    const json = await health(`--port=${port}`, '--json', '--patience', '60000');
    expect(JSON.parse(json.out)).toEqual({ node: where, version: '1.2.3' });
  });

  test.each([
    ['something else answers', replying('HTTP/1.1 400 Bad Request\r\n'), /HTTP\/1\.1 400/],
    ['the answer has no end', replying('x'.repeat(1000)), /it answered "x{256}"/],
    ['it hangs up', (socket: Socket) => void socket.end(), /it answered ""/],
  ])('1 when %s', async (_, answer, why) => {
    const port = await listen(answer);
    const { code, out, err } = await health('-p', `${port}`, '--patience', '60000');
    expect(err).toMatch(why);
    expect(err).toContain(`127.0.0.1:${port} is not healthy`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test('1 when it says nothing, and when nobody listens', async () => {
    const port = await listen(() => {});
    const silent = await health('-p', `${port}`, '--patience', '50');
    expect(silent).toMatchObject({ code: 1, err: expect.stringContaining('no answer within 50') });
    const nobody = await health('-p', `${await freePort()}`, '--patience', '60000');
    expect(nobody).toMatchObject({ code: 1, err: expect.stringContaining('ECONNREFUSED') });
  });
});
