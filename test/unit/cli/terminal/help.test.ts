import { describe, expect, test } from 'vitest';
import { generalHelp, verbHelp } from '../../../../src/cli/terminal/help.ts';
import { CACHE_VERBS } from '../../../../src/cli/verbs/cache-verbs.ts';
import { clusterVerb } from '../../../../src/cli/verbs/cluster.ts';
import { docsVerb } from '../../../../src/cli/verbs/docs.ts';
import { flushVerb } from '../../../../src/cli/verbs/flush.ts';
import { getVerb } from '../../../../src/cli/verbs/get.ts';
import { healthVerb } from '../../../../src/cli/verbs/health.ts';
import { proxyVerb } from '../../../../src/cli/verbs/proxy.ts';
import { serveVerb } from '../../../../src/cli/verbs/serve.ts';
import { setVerb } from '../../../../src/cli/verbs/set.ts';
import { userVerb } from '../../../../src/cli/verbs/user.ts';
import { startNode } from '../../../../src/node/index.ts';

const serve = serveVerb(startNode);
const proxy = proxyVerb(startNode);

test('the help of a verb shows the units of defaults', () => {
  expect(verbHelp(getVerb, 100)).toContain('(default: 1000 milliseconds)');
});

test('the help of a verb names a variable of this verb, and never that of a switch', () => {
  expect(verbHelp(getVerb, 100)).toContain('set: SLABRING_NODES for --nodes,');
  expect(verbHelp(flushVerb, 100)).not.toContain('SLABRING_YES');
});

test('the help of a verb names a variable that differs from its option', () => {
  const words = verbHelp(clusterVerb, 100).replaceAll(/\s+/g, ' ');
  expect(words).toContain('environment variable: SLABRING_NODE_COUNT)');
  expect(verbHelp(getVerb, 100)).not.toContain('environment variable: ');
});

test('the help of a verb lists its own options before those of all verbs', () => {
  const help = verbHelp(setVerb, 80);
  const places = ['Options:', '  --ttl', '  --mode', 'Options of all verbs', '  --nodes'];
  const found = places.map((text) => help.indexOf(text));
  expect(found).toEqual(found.toSorted((a, b) => a - b));
  expect(found).not.toContain(-1);
});

test('every verb prints JSON for programs', () => {
  const verbs = [...CACHE_VERBS, clusterVerb, healthVerb, userVerb, docsVerb([]), serve, proxy];
  expect(verbs.filter(({ flags }) => flags['json'] === undefined)).toEqual([]);
});

describe.each([40, 80, 132])('the help for a terminal of %i columns', (columns) => {
  test.each([...CACHE_VERBS, clusterVerb, healthVerb, userVerb, serve, proxy])(
    'wraps the lines of $name',
    (verb) => {
      expect(tooLong(verbHelp(verb, columns), columns)).toEqual([]);
    },
  );
  test('wraps the list of verbs', () => {
    expect(tooLong(generalHelp([clusterVerb, ...CACHE_VERBS], columns), columns)).toEqual([]);
  });
});

/** The lines that are too long although they could be wrapped; a command stays on one line. */
function tooLong(help: string, columns: number): readonly string[] {
  const lines = help.split('\n').filter((line) => line.length > columns);
  return lines.filter((line) => / /.test(line.trim()) && !/slabring /.test(line));
}
