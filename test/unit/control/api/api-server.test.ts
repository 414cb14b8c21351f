import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type Logger, silentLogger } from '../../../../src/base/index.ts';
import { Api } from '../../../../src/control/api/api.ts';
import { ApiServer } from '../../../../src/control/api/api-server.ts';
import { Apis } from '../../../../src/control/api/apis.ts';
import { ELASTICACHE_API } from '../../../../src/control/api/operations.ts';

describe('the HTTP server of the API', () => {
  test('a client that goes in the middle of its body is no bug', async () => {
    const errors: string[] = [];
    const log: Logger = { ...silentLogger, error: (_, line) => errors.push(line) };
    const parts = { nowMs: () => 0, log };
    const api = new Api({ ...parts, table: ELASTICACHE_API, run: () => ({}) });
    let isHalf = (): void => {};
    const half = new Promise<void>((resolve) => {
      isHalf = resolve;
    });
    const pages = {
      handles: () => {
        isHalf();
        return false;
      },
      answer: () => Promise.reject(new Error('there are no pages')),
    };
    const server = await ApiServer.open(
      { host: '127.0.0.1', port: 0, needsSignature: false },
      { ...parts, apis: new Apis(api), pages, secretOf: () => undefined },
    );
    const { port } = new URL(server.url);
    const ask = (length: number) => {
      const socket = createConnection({ host: '127.0.0.1', port: Number(port) });
      const lines = ['POST / HTTP/1.1', `host: 127.0.0.1:${port}`, `content-length: ${length}`];
      socket.write([...lines, 'connection: close', '', 'Action=X'].join('\r\n'));
      return socket;
    };
    const gone = ask(1000);
    await half;
    gone.destroy();
    expect(await text(ask(8))).toContain('InvalidAction');
    await server.close();
    expect(errors).toEqual([]);
  });
});
