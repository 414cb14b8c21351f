import { expect, test } from 'vitest';
import { unknownVariables } from '../../../../src/cli/options/unknown-variables.ts';
import { healthVerb } from '../../../../src/cli/verbs/health.ts';
import { serveVerb } from '../../../../src/cli/verbs/serve.ts';
import { TestHost } from '../host.ts';

const VERBS = [serveVerb(() => Promise.reject(new Error('not started'))), healthVerb];

/** The lines about the variables, for a process without a supervisor. */
function linesFor(env: Readonly<Record<string, string>>): readonly string[] {
  const host = { ...new TestHost(), supervisor: undefined, env };
  return unknownVariables(host, VERBS);
}

test('one line names the variables that no option has', () => {
  expect(linesFor({ SLABRING_MEMROY: '64', SLABRING_MAXBYTES: '1', HOME: '/' })).toEqual([
    'No option has the environment variable SLABRING_MAXBYTES, SLABRING_MEMROY: ' +
      'docs/options.md lists them.',
  ]);
});

test.each([
  'SLABRING_MEMORY_LIMIT',
  'SLABRING_RUN_AS',
  'SLABRING_PATIENCE',
  'SLABRING_PASSWORD',
  'SLABRING_ADMIN',
  'SLABRING_ADMIN_CA',
  'SLABRING_PORT',
  'SLABRING_SERVICE_HOST',
  'SLABRING_SERVICE_PORT',
  'SLABRING_SERVICE_PORT_MEMCACHE',
  'SLABRING_PORT_11211_TCP',
  'SLABRING_PORT_11211_TCP_ADDR',
  'SLABRING_CACHE_PORT_11211_TCP_PROTO',
])('%s is the variable of an option, or of a Service of Kubernetes', (name) => {
  expect(linesFor({ [name]: 'x' })).toEqual([]);
});

test('a node with a supervisor says nothing: its supervisor has said it', () => {
  const host = new TestHost({ env: { SLABRING_MEMROY: '64' } });
  expect(unknownVariables(host, VERBS)).toEqual([]);
});
