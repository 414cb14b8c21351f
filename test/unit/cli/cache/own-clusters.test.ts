import { describe, expect, test } from 'vitest';
import { clustersText } from '../../../../src/cli/cache/own-clusters.ts';

const node = (port: number): string => `127.0.0.1:${port}`;

describe('the clusters of a user, where the default port has no node', () => {
  test.each([
    ['nothing runs', [], undefined],
    ['a node', [[node(1)]], 'A node of yours listens on 127.0.0.1:1: --nodes 127.0.0.1:1.'],
    [
      'a cluster that a supervisor and two records name',
      [
        [node(1), node(2)],
        [node(1), node(2)],
        [node(1), node(2)],
      ],
      'A cluster of yours listens on 127.0.0.1:1: --nodes 127.0.0.1:1,127.0.0.1:2.',
    ],
    [
      'a large cluster',
      [[1, 2, 3, 4, 5].map(node)],
      'A cluster of yours listens on 127.0.0.1:1: --discovery elasticache:127.0.0.1:1.',
    ],
    [
      'more clusters than an error lists',
      [1, 2, 3, 4, 5, 6].map((port) => [node(port)]),
      'You run several clusters or nodes here; choose one: ' +
        '--nodes 127.0.0.1:1; --nodes 127.0.0.1:2; --nodes 127.0.0.1:3; --nodes 127.0.0.1:4; ' +
        'and 2 more.',
    ],
    ['the cluster whose first node is down', [[node(11211), node(11212)]], undefined],
  ])('%s', (_, clusters, text) => expect(clustersText(clusters)).toBe(text));
});
