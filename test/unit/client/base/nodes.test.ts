import { describe, expect, test } from 'vitest';
import { distributionOf, nodesOf } from '../../../../src/client/base/nodes.ts';
import type { NodeSpec } from '../../../../src/topology/index.ts';

const ARGUMENT_ERROR = expect.objectContaining({ code: 'ERR_ARGUMENT' });

describe('nodes of the client', () => {
  test.each([[[]], [['a b']], [[{ host: 'a', weight: 0 }]]])(
    '%j is refused with ERR_ARGUMENT',
    (specs) => {
      expect(() => nodesOf(specs as readonly NodeSpec[])).toThrow(ARGUMENT_ERROR);
    },
  );
});

describe('distributions of the client', () => {
  test.each(['modulo', 'jump'] as const)('%s refuses unequal weights: ERR_ARGUMENT', (name) => {
    const nodes = nodesOf(['a', { host: 'b', weight: 2 }]);
    expect(() => distributionOf(name, nodes)).toThrow(ARGUMENT_ERROR);
  });
  test('ketama refuses an empty list of nodes: ERR_ARGUMENT', () => {
    expect(() => distributionOf('ketama', [])).toThrow(ARGUMENT_ERROR);
  });
});
