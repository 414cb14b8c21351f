import { describe, expect, test } from 'vitest';
import { decodeClusterConfig, MalformedReply } from '../../../src/protocol/client.ts';
import { encodeClusterConfig, parseClusterNode } from '../../../src/protocol/index.ts';
import { TopologyError } from '../../../src/topology/index.ts';
import { Random, testSeed } from '../../support/random.ts';

const decode = (text: string) => decodeClusterConfig(Buffer.from(text, 'latin1'));

describe('the cluster config', () => {
  test('the decoder decodes the example of AWS’s documentation', () => {
    const list =
      '12\nmyCluster.pc4ldq.0001.use1.cache.amazonaws.com|10.82.235.120|11211 ' +
      'myCluster.pc4ldq.0002.use1.cache.amazonaws.com|10.80.249.27|11211\n';
    const host = 'myCluster.pc4ldq.0001.use1.cache.amazonaws.com';
    expect(decode(list)).toEqual({
      version: 12,
      nodes: [
        { host, ip: '10.82.235.120', port: 11_211 },
        { host: host.replace('0001', '0002'), ip: '10.80.249.27', port: 11_211 },
      ],
    });
  });

  test('a decoded config has what was encoded, sorted by host and port', () => {
    const nodes = [
      { host: 'b.example', ip: '10.0.0.2', port: 11_211 },
      { host: 'a.example', ip: '', port: 11_212 },
      { host: '::1', ip: '::1', port: 11_213 },
      { host: 'a.example', ip: '2001:db8::a', port: 9 },
    ];
    const encoded = encodeClusterConfig({ version: 1_790_000_000, nodes });
    expect(encoded.toString()).toBe(
      '1790000000\n::1|::1|11213 a.example|2001:db8::a|9 a.example||11212 ' +
        'b.example|10.0.0.2|11211\n',
    );
    const [b, a, v6, first] = nodes;
    expect(decodeClusterConfig(encoded)).toEqual({
      version: 1_790_000_000,
      nodes: [v6, first, a, b],
    });
  });

  const seed = testSeed();
  test(`random configs stay the same when they are encoded and decoded (SEED=${seed})`, () => {
    const random = new Random(seed);
    const hosts = ['a', 'B.example', '10.0.0.1', '::1', 'fe80::1%eth0', 'x'.repeat(255), 'my_host'];
    const ips = ['', '10.0.0.1', '::ffff:10.0.0.1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'];
    for (let round = 0; round < 200; round++) {
      const count = random.int(1, 50);
      const nodes = Array.from({ length: count }, (_, at) => ({
        host: random.pick(hosts),
        ip: random.pick(ips),
        port: 1 + at * 1000,
      }));
      const config = { version: random.int(0, 2 ** 31), nodes };
      const decoded = decodeClusterConfig(encodeClusterConfig(config));
      expect(decoded.version).toBe(config.version);
      expect(new Set(decoded.nodes)).toEqual(new Set(nodes));
      expect(decodeClusterConfig(encodeClusterConfig(decoded))).toEqual(decoded);
    }
  });

  test('a config cut at any byte is malformed, or has a prefix of the nodes', () => {
    const text = '12\na|10.0.0.1|11211 b||11212 ::1|::1|11213\n';
    const { nodes } = decode(text);
    for (let end = 0; end < text.length; end++) {
      try {
        const cut = decode(text.slice(0, end));
        for (const [at, { host, ip, port }] of cut.nodes.entries()) {
          expect([host, ip]).toEqual([nodes[at]!.host, nodes[at]!.ip]);
          expect(String(nodes[at]!.port).startsWith(String(port))).toBe(true);
        }
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedReply);
      }
    }
  });

  test.each([
    ['1\na||1 b||2\n', 2],
    ['1\r\na||1 b||2\r\n', 2],
    ['1\na||1  b||2 ', 2],
    ['0\na||1', 1],
    [`1\n${Array.from({ length: 1000 }, (_, i) => `n${i}||1`).join(' ')}\n`, 1000],
  ])('%.40j has %i nodes', (text, count) => expect(decode(text).nodes).toHaveLength(count));

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
    '1\na||\n',
    '1\na||000001\n',
    '1\na|no ip|1\n',
    '1\na|ip|1\n',
    `1\na|${'1'.repeat(46)}|1\n`,
    '1\na||1|\n',
    '1\na||1 a||1\n',
    '1\na||1,b||1\n',
    `1\n${Array.from({ length: 1001 }, (_, i) => `n${i}||1`).join(' ')}\n`,
    `1\n${'a'.repeat(256)}||1\n`,
  ])('%.40j is malformed', (text) => {
    expect(() => decode(text)).toThrow(MalformedReply);
  });
});

describe('a node of a cluster, as users write it', () => {
  test.each([
    ['a', 'a', '', 11_211],
    ['a:5', 'a', '', 5],
    ['10.0.0.1', '10.0.0.1', '10.0.0.1', 11_211],
    ['10.0.0.1:5', '10.0.0.1', '10.0.0.1', 5],
    ['::1', '::1', '::1', 11_211],
    ['[::1]:5', '::1', '::1', 5],
    ['[fe80::1%eth0]:5', 'fe80::1%eth0', '', 5],
    ['a||5', 'a', '', 5],
    ['10.0.0.1||5', '10.0.0.1', '10.0.0.1', 5],
    ['a|10.0.0.1|5', 'a', '10.0.0.1', 5],
    ['a|::1|5', 'a', '::1', 5],
    ['::1|::1|5', '::1', '::1', 5],
  ])('%s has the host %s, the ip "%s" and the port %i', (text, host, ip, port) => {
    const node = parseClusterNode(text);
    expect(node).toEqual({ host, ip, port });
    expect(decodeClusterConfig(encodeClusterConfig({ version: 1, nodes: [node] })).nodes).toEqual([
      node,
    ]);
  });
  test.each([
    '',
    'a b',
    'a|b',
    'a|1|2|3',
    'a|x|1',
    '|1.2.3.4|5',
    'a||0',
    'a||65536',
    'a:0',
    '/run/x',
  ])('%j is refused', (text) => expect(() => parseClusterNode(text)).toThrow(TopologyError));
});
