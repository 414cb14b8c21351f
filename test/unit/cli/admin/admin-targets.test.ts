import { describe, expect, test } from 'vitest';
import { ownNodes } from '../../../../src/cli/admin/admin-targets.ts';

const record = (port: number, cluster: readonly string[] = [], host = '127.0.0.1') => ({
  pid: 1,
  url: `http://127.0.0.1:${port + 1000}`,
  nodes: [`${host}:${port}`],
  cluster,
});
const CLUSTER = ['cache:21211', 'cache:21212'];
const cluster = [record(21_212, CLUSTER, '0.0.0.0'), record(21_211, CLUSTER, '0.0.0.0')];
const both = [
  { node: 'cache:21211', url: 'http://127.0.0.1:22211' },
  { node: 'cache:21212', url: 'http://127.0.0.1:22212' },
];

describe('the nodes of this user', () => {
  test('without names, they are the only cluster, in the order of its list', () => {
    expect(ownNodes(cluster, [])).toEqual(both);
    const single = [{ node: '127.0.0.1:5000', url: 'http://127.0.0.1:6000' }];
    expect(ownNodes([record(5000)], [])).toEqual(single);
  });
  test('the cluster of the default port counts among several', () => {
    const local = [{ node: '127.0.0.1:11211', url: 'http://127.0.0.1:12211' }];
    expect(ownNodes([...cluster, record(11_211)], [])).toEqual(local);
  });
  test('several ones without the default port need a choice, and none at all needs --admin', () => {
    expect(() => ownNodes([...cluster, record(5000)], [])).toThrow(
      /0\.0\.0\.0:21212,0\.0\.0\.0:21211; 127\.0\.0\.1:5000\. Choose one with --nodes/,
    );
    expect(() => ownNodes([], [])).toThrow(/no node with an admin port.*--admin/);
  });
  test('the verb finds named nodes by the list of their cluster, or by their ports', () => {
    expect(ownNodes([record(5000), ...cluster], CLUSTER)).toEqual(both);
    const one = [{ node: 'localhost:5000', url: 'http://127.0.0.1:6000' }];
    expect(ownNodes([record(5000), ...cluster], ['localhost:5000'])).toEqual(one);
  });
  test('a node of another machine is not one of this machine with the same port', () => {
    const other = [{ node: '10.0.0.9:5000', url: undefined }];
    expect(ownNodes([record(5000)], ['10.0.0.9:5000'])).toEqual(other);
    const spread = ['a:11211', 'b:11211', 'c:11211'];
    expect(() => ownNodes([record(11_211, spread)], [])).toThrow('no node b:11211');
  });
});
