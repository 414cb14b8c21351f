import { expect, test } from 'vitest';
import { verbHelp } from '../../../../src/cli/terminal/help.ts';
import { clusterVerb } from '../../../../src/cli/verbs/cluster.ts';
import { flushVerb } from '../../../../src/cli/verbs/flush.ts';
import { getVerb } from '../../../../src/cli/verbs/get.ts';

test('the help of a verb shows the units of defaults', () => {
  expect(verbHelp(getVerb)).toContain('(default: 1000 milliseconds)');
});

test('the help of a verb names a variable of this verb, and never that of a switch', () => {
  expect(verbHelp(clusterVerb)).toContain('variables: SLABRING_NODES for --nodes,');
  expect(verbHelp(flushVerb)).toContain('variables: SLABRING_DISCOVERY for --discovery,');
});

test('the help of a verb names a variable that differs from its option', () => {
  expect(verbHelp(getVerb)).toContain('environment variable: SLABRING_SERVERS)');
  expect(verbHelp(clusterVerb)).not.toContain('environment variable: ');
});
