import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { packet, packetsOf, u32 } from '../../support/binary-wire.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { dialogue } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function started(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}
/** Asked by tests that change nothing. */
let plain: TestServer | undefined;
afterAll(() => plain?.stop());
const say = async (server: TestServer, said: string): Promise<string> =>
  (await dialogue(server.address, Buffer.from(said, 'latin1'))).toString('latin1');

const NODES = [
  '--cluster-nodes',
  'b.example|10.0.0.2|11211,a.example:11212',
  '--cluster-version',
  '12',
];
const BLOCK = '12\na.example||11212 b.example|10.0.0.2|11211\n';

describe('a node that was told its cluster', () => {
  test('tells clients of it, by config get and by the key of old clients', async () => {
    const server = await started(...NODES);
    expect(await say(server, 'config get cluster\r\n')).toBe(
      `CONFIG cluster 0 ${BLOCK.length}\r\n${BLOCK}\r\nEND\r\n`,
    );
    expect(await say(server, 'get a AmazonElastiCache:cluster b\r\n')).toBe(
      `VALUE AmazonElastiCache:cluster 0 ${BLOCK.length}\r\n${BLOCK}\r\nEND\r\n`,
    );
    // Some clients send an empty line after it.
    expect(await say(server, 'config get cluster\r\n\r\n')).toMatch(/END\r\nERROR\r\n$/);
  });

  test('its version never falls, also when it starts again', async () => {
    const versionOf = async (): Promise<number> => {
      const server = await started('--cluster-nodes', 'a.example');
      const reply = await say(server, 'config get cluster\r\n');
      await server.stop();
      return Number(/^CONFIG cluster 0 \d+\r\n(\d+)\na\.example\|\|11211\n/.exec(reply)?.[1]);
    };
    const first = await versionOf();
    expect(first).toBeGreaterThan(1_700_000_000);
    expect(await versionOf()).toBeGreaterThanOrEqual(first);
  });

  test.each(['a b', 'a|b', 'a:70000', 'a|1|2|3'])('%j is no node', async (node) => {
    await expect(started('--cluster-nodes', node)).rejects.toThrow(/a node is host:port/);
  });
});

describe('entries that clients keep', () => {
  test('set, get, delete, whichever thread', async () => {
    const server = await started('-t', '4');
    expect(await say(server, 'config get cluster\r\n')).toBe('END\r\n');
    expect(await say(server, 'get AmazonElastiCache:cluster\r\n')).toBe('END\r\n');
    expect(await say(server, 'config set cluster 7 5\r\n1\na||\r\n')).toBe('STORED\r\n');
    for (let i = 0; i < 8; i++) {
      expect(await say(server, 'config get cluster\r\n')).toBe(
        'CONFIG cluster 7 5\r\n1\na||\r\nEND\r\n',
      );
    }
    expect(await say(server, 'config set x 0 0\r\n\r\nconfig get\r\n')).toBe(
      'STORED\r\nCONFIG cluster 7 5\r\n1\na||\r\nCONFIG x 0 0\r\n\r\nEND\r\n',
    );
    expect(await say(server, 'config delete x\r\nconfig delete x\r\nconfig get x\r\n')).toBe(
      'DELETED\r\nNOT_FOUND\r\nEND\r\n',
    );
    expect(await say(server, 'config set y 0 1 noreply\r\nx\r\nconfig get y\r\n')).toBe(
      'CONFIG y 0 1\r\nx\r\nEND\r\n',
    );
  });

  test('bounds: 16 entries of 65,536 bytes', async () => {
    const server = await started();
    const full = 'x'.repeat(65_536);
    expect(await say(server, `config set a 0 65536\r\n${full}\r\nconfig get a\r\n`)).toBe(
      `STORED\r\nCONFIG a 0 65536\r\n${full}\r\nEND\r\n`,
    );
    expect(await say(server, `config set b 0 65537\r\n${full}x\r\nmn\r\n`)).toBe(
      'SERVER_ERROR object too large for cache\r\nMN\r\n',
    );
    const more = Array.from({ length: 16 }, (_, i) => `config set n${i} 0 1\r\nx\r\n`).join('');
    expect(await say(server, more)).toBe(
      `${'STORED\r\n'.repeat(15)}SERVER_ERROR out of memory storing object\r\n`,
    );
  });

  test.each([
    ['config\r\n', 'ERROR\r\n'],
    ['config foo\r\n', 'ERROR\r\n'],
    ['config set a\r\n', 'ERROR\r\n'],
    ['config delete\r\n', 'ERROR\r\n'],
    ['config set a x 1\r\nx\r\nmn\r\n', 'CLIENT_ERROR bad command line format\r\nMN\r\n'],
    ['config set a 0 -1\r\n', 'CLIENT_ERROR bad command line format\r\n'],
    ['config set a 0 1\r\nxyz', 'CLIENT_ERROR bad data chunk\r\n'],
    [`config get ${'k'.repeat(251)}\r\n`, 'ERROR\r\n'],
  ])('%j', async (said, reply) => {
    plain ??= await startSlabring();
    expect(await say(plain, said)).toBe(reply);
  });

  test('by the binary opcodes of AWS', async () => {
    const server = await started(...NODES);
    const ask = async (...requests: readonly Buffer[]) => {
      const { packets } = packetsOf(await dialogue(server.address, Buffer.concat(requests)));
      return packets.map(({ opcode, status, extras, key, value }) => [
        opcode,
        status,
        extras,
        key,
        value,
      ]);
    };
    const key = 'cluster';
    expect(await ask(packet({ opcode: 0x60, key }), packet({ opcode: 0x62, key }))).toEqual([
      [0x60, 0, '00000000', '', BLOCK],
      [0x62, 0, '00000000', key, BLOCK],
    ]);
    const set = packet({ opcode: 0x64, key: 'x', extras: u32(9), value: 'data' });
    const quiet = packet({ opcode: 0x65, key: 'y', extras: u32(0), value: '' });
    const missing = [packet({ opcode: 0x60, key: 'none' }), packet({ opcode: 0x61, key: 'none' })];
    expect(await ask(set, quiet, ...missing, packet({ opcode: 0x68 }))).toEqual([
      [0x64, 0, '', '', ''],
      [0x60, 1, '', '', 'Not found'],
      [0x68, 0, '00000000', key, BLOCK],
      [0x68, 0, '00000009', 'x', 'data'],
      [0x68, 0, '00000000', 'y', ''],
      [0x68, 0, '', '', ''],
    ]);
    const gone = packet({ opcode: 0x66, key: 'x' });
    expect((await ask(gone, gone)).map(([, status]) => status)).toEqual([0, 1]);
  });
});
