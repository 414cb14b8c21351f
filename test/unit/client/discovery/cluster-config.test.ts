import { describe, expect, test } from 'vitest';
import { decodeClusterConfig } from '../../../../src/client/discovery/cluster-config.ts';
import { encodeClusterNodes } from '../../../../src/commands/admin/config.ts';

const decode = (text: string, connectBy: 'host' | 'ip' = 'host') =>
  decodeClusterConfig(Buffer.from(text, 'latin1'), connectBy);

describe('the cluster config', () => {
  test('decodes the example of AWS’s documentation', () => {
    const list =
      '12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 ' +
      'myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n';
    expect(decode(list)).toEqual({
      version: 12,
      nodes: [
        {
          name: 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com:11211',
          ringName: 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com',
          weight: 1,
          ip: '10.82.235.120',
          connect: { host: 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com', port: 11_211 },
        },
        expect.objectContaining({ ip: '10.80.249.27' }),
      ],
    });
  });

  test('connectBy ip: nodes keep their names and connect to their addresses', () => {
    const [byHost] = decode('1\na|10.0.0.1|11212\n').nodes;
    const [byIp] = decode('1\na|10.0.0.1|11212\n', 'ip').nodes;
    expect(byIp).toEqual({ ...byHost, connect: { host: '10.0.0.1', port: 11_212 } });
    expect(decode('1\na||11212\n', 'ip').nodes[0]!.connect).toEqual({ host: 'a', port: 11_212 });
  });

  test('a node without an address has no ip', () => {
    expect(decode('3\na||11212\n').nodes[0]).not.toHaveProperty('ip');
  });

  test('decodes what a slabring node encodes', () => {
    const nodesOfCluster = [
      { host: 'b.example', ip: '10.0.0.2', port: 11_211 },
      { host: 'a.example', ip: '', port: 11_212 },
      { host: '::1', ip: '::1', port: 11_213 },
    ];
    const { version, nodes } = decodeClusterConfig(
      encodeClusterNodes(1_790_000_000, nodesOfCluster),
      'host',
    );
    expect(version).toBe(1_790_000_000);
    expect(nodes.map(({ name }) => name)).toEqual([
      '[::1]:11213',
      'a.example:11212',
      'b.example:11211',
    ]);
  });

  test.each([
    ['1\na||1 b||2\n', 2],
    ['1\r\na||1 b||2\r\n', 2],
    ['1\na||1  b||2 ', 2],
    ['0\na||1', 1],
  ])('%j has %i nodes', (text, count) => expect(decode(text).nodes).toHaveLength(count));

  test.each([
    '',
    '\n',
    '1',
    '1\n',
    '1\n\n',
    '\na||1\n',
    'x\na||1\n',
    '-1\na||1\n',
    '1.5\na||1\n',
    '9999999999999999\na||1\n',
    '1\na||1\nb||2\n',
    '1\na\n',
    '1\na|1\n',
    '1\n||1\n',
    '1\na||0\n',
    '1\na||65536\n',
    '1\na||x\n',
    '1\na|no ip|1\n',
    '1\na|ip|1\n',
    '1\na||1|\n',
    '1\na||1 a||1\n',
    '1\na||1,b||1\n',
    `1\n${Array.from({ length: 1001 }, (_, i) => `n${i}||1`).join(' ')}\n`,
    `1\n${'a'.repeat(256)}||1\n`,
  ])('%j is malformed', (text) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: 'ERR_DISCOVERY' }));
  });
});
