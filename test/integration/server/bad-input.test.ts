import { afterAll, beforeAll, expect, test } from 'vitest';
import { OP, packet, packetsOf } from '../../support/binary-wire.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '2', '-m', '64'] });
  await sendAndReadToEnd(server.address, 'set sentinel 7 0 4\r\nkeep\r\n');
});
afterAll(async () => {
  const reply = await sendAndReadToEnd(server.address, 'get sentinel\r\n');
  await server.stop();
  expect(reply.toString()).toBe('VALUE sentinel 7 4\r\nkeep\r\nEND\r\n');
});

test('one get returns the hits among 10,000 keys', async () => {
  const keys = Array.from({ length: 10_000 }, (_, i) => (i % 100 === 0 ? 'sentinel' : `k${i}`));
  const reply = (await sendAndReadToEnd(server.address, `get ${keys.join(' ')}\r\n`)).toString();
  expect(reply).toBe(`${'VALUE sentinel 7 4\r\nkeep\r\n'.repeat(100)}END\r\n`);
});

test.each([
  ['classic', 'get sentinel\r\n', 'VALUE sentinel 7 4\r\nkeep\r\nEND\r\n'],
  ['meta', 'mg sentinel v f\r\n', 'VA 4 f7\r\nkeep\r\n'],
])('the node replies to 100,000 pipelined %s requests', async (_name, request, expected) => {
  const reply = await sendAndReadToEnd(server.address, request.repeat(100_000));
  expect(reply.equals(Buffer.from(expected.repeat(100_000)))).toBe(true);
});

test('the node replies to 100,000 quiet binary gets and the noop after them', async () => {
  const get = packet({ opcode: OP.getkq, key: 'sentinel' });
  const burst = Buffer.concat([...Array<Buffer>(100_000).fill(get), packet({ opcode: OP.noop })]);
  const { packets, rest } = packetsOf(await sendAndReadToEnd(server.address, burst));
  expect(rest.length).toBe(0);
  expect(packets.length).toBe(100_001);
  expect(packets.at(-1)?.opcode).toBe(OP.noop);
});

test.each([
  ['set', `set ${'x'.repeat(2 ** 20)}`],
  ['meta', `mg ${'x'.repeat(2 ** 20)}`],
  ['nonsense', 'x'.repeat(2 ** 20)],
])('a line of 1 MiB without a newline (%s) closes the connection', async (_name, line) => {
  const connection = await RawConnection.connect(server.address);
  connection.send(line);
  expect((await connection.readToEnd()).length).toBe(0);
  connection.destroy();
});

test('the node survives a bad magic byte, contradicting lengths and cut packets', async () => {
  const noop = packet({ opcode: OP.noop });
  const badPackets = [
    packet({ opcode: OP.get, key: 'a', bodyBytes: 0xffff_ffff, keyBytes: 0xffff }),
    packet({ opcode: OP.set, key: 'a', extraBytes: 255 }),
    packet({ opcode: OP.noop, magic: 0x81 }),
    packet({ opcode: OP.set, key: 'a', extras: Buffer.alloc(8), bodyBytes: 0xffff_ffff }),
    packet({ opcode: OP.get, key: 'abc' }).subarray(0, 20),
  ];
  for (const bytes of badPackets) {
    const { packets } = packetsOf(
      await sendAndReadToEnd(server.address, Buffer.concat([noop, bytes, noop])),
    );
    expect(packets[0]?.opcode).toBe(OP.noop);
    expect(packets.length).toBeLessThanOrEqual(3);
  }
});
