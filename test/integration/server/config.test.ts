import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { packet, packetsOf, uint32Extras } from '../../support/binary-wire.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}
/** The node of the tests that change nothing. */
let sharedNode: TestServer | undefined;
afterAll(() => sharedNode?.stop());
const exchange = async (server: TestServer, requests: string): Promise<string> =>
  (await sendAndReadToEnd(server.address, Buffer.from(requests, 'latin1'))).toString('latin1');

const NODES = [
  '--cluster-nodes',
  'b.example|10.0.0.2|11211,a.example:11212',
  '--cluster-version',
  '12',
];
const BLOCK = '12\na.example||11212 b.example|10.0.0.2|11211\n';

describe('a node with --cluster-nodes', () => {
  test('`config get cluster` and the key of old clients return the cluster’s nodes', async () => {
    const server = await startNode(...NODES);
    expect(await exchange(server, 'config get cluster\r\n')).toBe(
      `CONFIG cluster 0 ${BLOCK.length}\r\n${BLOCK}\r\nEND\r\n`,
    );
    expect(await exchange(server, 'get a AmazonElastiCache:cluster b\r\n')).toBe(
      `VALUE AmazonElastiCache:cluster 0 ${BLOCK.length}\r\n${BLOCK}\r\nEND\r\n`,
    );
    // Some clients send an empty line after the request.
    expect(await exchange(server, 'config get cluster\r\n\r\n')).toMatch(/END\r\nERROR\r\n$/);
  });

  test('a node with --cluster-nodes never lowers its version, also after a restart', async () => {
    const versionOf = async (): Promise<number> => {
      const server = await startNode('--cluster-nodes', 'a.example');
      const reply = await exchange(server, 'config get cluster\r\n');
      await server.stop();
      return Number(/^CONFIG cluster 0 \d+\r\n(\d+)\na\.example\|\|11211\n/.exec(reply)?.[1]);
    };
    const first = await versionOf();
    expect(first).toBeGreaterThan(1_700_000_000);
    expect(await versionOf()).toBeGreaterThanOrEqual(first);
  });

  test.each(['a b', 'a|b', 'a:70000', 'a|1|2|3'])(
    'a node with --cluster-nodes refuses %j as a node',
    async (node) => {
      await expect(startNode('--cluster-nodes', node)).rejects.toThrow(/a node is host:port/);
    },
  );
});

describe('who may change the list of the cluster', () => {
  const set = (name: string, data: string): string =>
    `config set ${name} 0 ${data.length}\r\n${data}\r\n`;
  const OLDER = 'CLIENT_ERROR the version of the cluster config must not fall\r\n';
  const CLOSED = 'CLIENT_ERROR config of cluster not allowed: its list is given at the start\r\n';

  test('the version of the list never falls, also after a delete', async () => {
    const server = await startNode('-t', '2');
    expect(
      await exchange(server, set('cluster', '7\na||11211\n') + set('cluster', '6\nb||11211\n')),
    ).toBe(`STORED\r\n${OLDER}`);
    expect(await exchange(server, set('cluster', '7\nb||11211\n'))).toBe('STORED\r\n');
    expect(await exchange(server, `config delete cluster\r\n${set('cluster', '6\nb||1')}`)).toBe(
      `DELETED\r\n${OLDER}`,
    );
    expect(await exchange(server, set('cluster', '8\nb||1') + set('other', '6\nx'))).toBe(
      'STORED\r\nSTORED\r\n',
    );
    const binary = packet({
      opcode: 0x64,
      key: 'cluster',
      extras: uint32Extras(0),
      value: '7\nx||1',
    });
    expect(packetsOf(await sendAndReadToEnd(server.address, binary)).packets[0]?.status).toBe(4);
  });

  test.each(['', 'x', '-1\na||1', '1e3\na||1', '\n7\na||1'])(
    'the list %j has no version, and is refused',
    async (data) => {
      sharedNode ??= await startSlabring();
      expect(await exchange(sharedNode, set('cluster', data))).toBe(
        'CLIENT_ERROR the cluster config does not begin with a version\r\n',
      );
    },
  );

  test('a node with --cluster-nodes keeps its list, unless --allow-config-set', async () => {
    const server = await startNode(...NODES);
    const attack = set('cluster', '99\nevil||11211\n');
    expect(await exchange(server, `${attack}config delete cluster\r\n`)).toBe(CLOSED + CLOSED);
    expect(await exchange(server, 'config get cluster\r\n')).toContain(BLOCK);
    expect(await exchange(server, set('topology', '{}'))).toBe(CLOSED);
    expect(await exchange(server, set('other', 'x'))).toBe('STORED\r\n');
    const key = 'cluster';
    const packets = [
      packet({ opcode: 0x64, key, extras: uint32Extras(0), value: '99\nevil||1' }),
      packet({ opcode: 0x65, key, extras: uint32Extras(0), value: '99\nevil||1' }),
      packet({ opcode: 0x66, key }),
    ];
    const replies = packetsOf(await sendAndReadToEnd(server.address, Buffer.concat(packets)));
    expect(replies.packets.map(({ status }) => status)).toEqual([0x20, 0x20, 0x20]);
    const open = await startNode(...NODES, '--allow-config-set');
    expect(await exchange(open, set('cluster', '11\nb||1') + attack)).toBe(`${OLDER}STORED\r\n`);
  });
});

describe('the config table', () => {
  test('the config table is the same on every thread after set and delete', async () => {
    const server = await startNode('-t', '4');
    expect(await exchange(server, 'config get cluster\r\n')).toBe('END\r\n');
    expect(await exchange(server, 'get AmazonElastiCache:cluster\r\n')).toBe('END\r\n');
    expect(await exchange(server, 'config set cluster 7 5\r\n1\na||\r\n')).toBe('STORED\r\n');
    for (let i = 0; i < 8; i++) {
      expect(await exchange(server, 'config get cluster\r\n')).toBe(
        'CONFIG cluster 7 5\r\n1\na||\r\nEND\r\n',
      );
    }
    expect(await exchange(server, 'config set x 0 0\r\n\r\nconfig get\r\n')).toBe(
      'STORED\r\nCONFIG cluster 7 5\r\n1\na||\r\nCONFIG x 0 0\r\n\r\nEND\r\n',
    );
    expect(await exchange(server, 'config delete x\r\nconfig delete x\r\nconfig get x\r\n')).toBe(
      'DELETED\r\nNOT_FOUND\r\nEND\r\n',
    );
    expect(await exchange(server, 'config set y 0 1 noreply\r\nx\r\nconfig get y\r\n')).toBe(
      'CONFIG y 0 1\r\nx\r\nEND\r\n',
    );
  });

  test('stats counts the config requests and the entries', async () => {
    const server = await startNode(...NODES);
    const key = 'cluster';
    const requests = 'config get cluster\r\nconfig set x 0 1\r\nx\r\nconfig get none\r\nstats\r\n';
    expect(await exchange(server, requests)).toMatch(
      /STAT cmd_config_get 2\r\nSTAT cmd_config_set 1\r\n[\s\S]*STAT curr_config 2\r\n/,
    );
    await sendAndReadToEnd(server.address, packet({ opcode: 0x60, key }));
    expect(await exchange(server, 'config delete x\r\nstats\r\n')).toMatch(
      /STAT cmd_config_get 3\r\n[\s\S]*STAT curr_config 1\r\n/,
    );
  });

  test('the config table holds at most 16 entries of at most 65,536 bytes', async () => {
    const server = await startNode();
    const full = 'x'.repeat(65_536);
    expect(await exchange(server, `config set a 0 65536\r\n${full}\r\nconfig get a\r\n`)).toBe(
      `STORED\r\nCONFIG a 0 65536\r\n${full}\r\nEND\r\n`,
    );
    expect(await exchange(server, `config set b 0 65537\r\n${full}x\r\nmn\r\n`)).toBe(
      'SERVER_ERROR object too large for cache\r\nMN\r\n',
    );
    const more = Array.from({ length: 16 }, (_, i) => `config set n${i} 0 1\r\nx\r\n`).join('');
    expect(await exchange(server, more)).toBe(
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
  ])('the node replies to %j', async (requests, reply) => {
    sharedNode ??= await startSlabring();
    expect(await exchange(sharedNode, requests)).toBe(reply);
  });

  test('the node supports the binary opcodes of AWS', async () => {
    const server = await startNode(...NODES);
    const exchangePackets = async (...requests: readonly Buffer[]) => {
      const { packets } = packetsOf(
        await sendAndReadToEnd(server.address, Buffer.concat(requests)),
      );
      return packets.map(({ opcode, status, extras, key, value }) => [
        opcode,
        status,
        extras,
        key,
        value,
      ]);
    };
    const key = 'cluster';
    expect(
      await exchangePackets(packet({ opcode: 0x60, key }), packet({ opcode: 0x62, key })),
    ).toEqual([
      [0x60, 0, '00000000', '', BLOCK],
      [0x62, 0, '00000000', key, BLOCK],
    ]);
    const set = packet({ opcode: 0x64, key: 'x', extras: uint32Extras(9), value: 'data' });
    const quiet = packet({ opcode: 0x65, key: 'y', extras: uint32Extras(0), value: '' });
    const missing = [packet({ opcode: 0x60, key: 'none' }), packet({ opcode: 0x61, key: 'none' })];
    expect(await exchangePackets(set, quiet, ...missing, packet({ opcode: 0x68 }))).toEqual([
      [0x64, 0, '', '', ''],
      [0x60, 1, '', '', 'Not found'],
      [0x68, 0, '00000000', key, BLOCK],
      [0x68, 0, '00000009', 'x', 'data'],
      [0x68, 0, '00000000', 'y', ''],
      [0x68, 0, '', '', ''],
    ]);
    const forged = packet({ opcode: 0x64, key: 'a 0 1\r\n', extras: uint32Extras(0), value: 'x' });
    expect((await exchangePackets(forged)).map(([, status]) => status)).toEqual([4]);
    const gone = packet({ opcode: 0x66, key: 'x' });
    expect((await exchangePackets(gone, gone)).map(([, status]) => status)).toEqual([0, 1]);
  });
});

test('an entry whose flags the client has comes without its data', async () => {
  const server = await startNode();
  expect(await exchange(server, 'config set a 7 3\r\nabc\r\nconfig set b 0 1\r\nx\r\n')).toBe(
    'STORED\r\n'.repeat(2),
  );
  const requests = ['a', 'a 7', 'a 8', 'a x', 'b 0'].map((words) => `config get ${words}\r\n`);
  const whole = 'CONFIG a 7 3\r\nabc\r\nEND\r\n';
  expect(await exchange(server, requests.join(''))).toBe(
    [whole, 'CONFIG a 7 0\r\n\r\nEND\r\n', whole, whole, 'CONFIG b 0 1\r\nx\r\nEND\r\n'].join(''),
  );
});

test('the version of a node with a topology has a zero in front of its last number', async () => {
  const server = await startNode();
  const versions = [
    'version\r\n',
    'config set topology 0 1\r\nx\r\nversion\r\n',
    'config delete topology\r\nversion\r\n',
  ];
  const replies: string[] = [];
  for (const requests of versions)
    replies.push((await exchange(server, requests)).split('\r\n').at(-2)!);
  expect(replies).toEqual(['VERSION 1.6.18', 'VERSION 1.6.018', 'VERSION 1.6.18']);
});
