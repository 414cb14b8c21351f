import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSlabring } from '../../support/node-process.ts';
import { Random, testSeed } from '../../support/random.ts';
import { residentBytes } from '../../support/resident-bytes.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

const TOO_MANY_CONNECTIONS = 'ERROR Too many open connections\r\n';
const seed = testSeed();

async function statsOf(connection: RawConnection): Promise<Record<string, string>> {
  const reply = (await connection.exchange('stats\r\n')).toString();
  const rows = reply.matchAll(/^STAT (\S+) (.*)\r$/gm);
  return Object.fromEntries([...rows].map(([, name = '', value = '']) => [name, value]));
}

describe('the connection limit', () => {
  const LIMIT = 5;
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startSlabring({ args: ['-c', String(LIMIT), '-t', '2'] });
  });
  afterAll(() => server?.stop());

  test('the node refuses a connection beyond the limit, and accepts it after a close', async () => {
    const inside: RawConnection[] = [];
    for (let i = 0; i < LIMIT; i++) {
      const connection = await RawConnection.connect(server!.address);
      await connection.exchange('get a\r\n');
      inside.push(connection);
    }
    const outside = await RawConnection.connect(server!.address);
    expect((await outside.readToEnd()).toString()).toBe(TOO_MANY_CONNECTIONS);
    outside.destroy();
    for (const connection of inside) {
      expect((await connection.exchange('get a\r\n')).toString()).toBe('END\r\n');
    }
    expect((await statsOf(inside[0]!))['rejected_connections']).toBe('1');
    inside.pop()?.destroy();
    await waitUntil('the slot is free', async () => {
      const reply = (await sendAndReadToEnd(server!.address, 'get a\r\n')).toString();
      return reply === 'END\r\n';
    });
    for (const connection of inside) connection.destroy();
  });
});

describe('the node', () => {
  let server: TestServer | undefined;
  let control: RawConnection;
  beforeAll(async () => {
    server = await startSlabring();
    control = await RawConnection.connect(server.address);
  });
  afterAll(async () => {
    control?.destroy();
    await server?.stop();
  });

  const stored = async () => {
    const { curr_items, bytes } = await statsOf(control);
    return { curr_items, bytes };
  };

  test('the node closes a connection that sends a line that is too long', async () => {
    const connection = await RawConnection.connect(server!.address);
    connection.send('x'.repeat(2049));
    expect((await connection.readToEnd()).toString()).toBe('');
    connection.destroy();
  });

  test('the node accepts a long get whose end arrives later', async () => {
    const connection = await RawConnection.connect(server!.address);
    connection.send(`get ${'nothing '.repeat(5000)}`);
    expect((await connection.exchange('a\r\n')).toString()).toBe('END\r\n');
    connection.destroy();
  });

  test('the node returns 10,000 values to one get', async () => {
    const connection = await RawConnection.connect(server!.address);
    const keys = Array.from({ length: 10_000 }, (_, i) => `key:${i}`);
    const sets = keys.map((key) => `set ${key} 0 0 ${key.length} noreply\r\n${key}\r\n`).join('');
    expect((await connection.exchange(sets)).toString()).toBe('');
    const expected = keys.map((key) => `VALUE ${key} 0 ${key.length}\r\n${key}\r\n`).join('');
    const reply = (await connection.exchange(`get ${keys.join(' ')}\r\n`)).toString();
    expect(reply === `${expected}END\r\n`).toBe(true);
    connection.destroy();
  });

  test('the node replies to 100,000 pipelined requests in order', async () => {
    const REQUESTS = 100_000;
    const connection = await RawConnection.connect(server!.address);
    await connection.exchange('set n 0 0 1\r\n0\r\n');
    const reply = (await connection.exchange('incr n 1\r\n'.repeat(REQUESTS))).toString();
    const expected = Array.from({ length: REQUESTS }, (_, i) => `${i + 1}\r\n`).join('');
    expect(reply === expected).toBe(true);
    connection.destroy();
  });

  test(`the node serves other clients after garbage, seed ${seed}`, async () => {
    const random = new Random(seed);
    for (let i = 0; i < 200; i++) {
      await sendAndReadToEnd(server!.address, random.bytes(random.int(1, 5000)));
    }
    expect((await control.exchange('get nothing-here\r\n')).toString()).toBe('END\r\n');
  });

  test('the node keeps nothing of a set whose client disconnects at any byte', async () => {
    const value = 'v'.repeat(100);
    const set = Buffer.from(`set gone 0 0 ${value.length}\r\n${value}\r\n`);
    await control.exchange('delete gone\r\n');
    const before = await stored();
    for (let at = 1; at < set.length; at++) {
      const half = await RawConnection.connect(server!.address);
      await half.sendPieces([set.subarray(0, at)]);
      if (at % 2 === 0) half.socket.resetAndDestroy();
      else await half.finish();
      half.destroy();
    }
    const half = await RawConnection.connect(server!.address);
    await half.sendPieces([Buffer.from(`set gone 0 0 1000000\r\n${'v'.repeat(500_000)}`)]);
    half.socket.resetAndDestroy();
    await waitUntil('only the control connection is open', async () => {
      return (await statsOf(control))['curr_connections'] === '1';
    });
    expect(await stored()).toEqual(before);
    expect((await control.exchange('get gone\r\n')).toString()).toBe('END\r\n');
  });

  test('the node bounds the memory of a client that never reads, and serves the others', {
    timeout: 120_000,
  }, async () => {
    const VALUE_BYTES = 100_000;
    const REQUESTS = 10_000;
    const RSS_MORE_MAX = 96 * 2 ** 20;
    const value = 'x'.repeat(VALUE_BYTES);
    await control.exchange(`set big 0 0 ${VALUE_BYTES}\r\n${value}\r\n`);
    const before = await residentBytes(server!.pid);
    const greedy = await RawConnection.connect(server!.address);
    greedy.socket.pause();
    let accepted = false;
    // A gigabyte of replies. The node may stop reading, so it need not accept all requests.
    greedy.socket.write('get big\r\n'.repeat(REQUESTS), () => (accepted = true));
    let maxBytes = before;
    for (let i = 0; i < 2000; i++) {
      expect((await control.exchange('get nothing-here\r\n')).length).toBe('END\r\n'.length);
      if (i % 50 === 0) maxBytes = Math.max(maxBytes, await residentBytes(server!.pid));
    }
    expect(maxBytes - before).toBeLessThan(RSS_MORE_MAX);
    greedy.socket.resume();
    await waitUntil(
      'the client has read the whole reply',
      () => accepted && greedy.socket.bytesRead >= REQUESTS * VALUE_BYTES,
      60_000,
    );
    greedy.destroy();
  });
});
