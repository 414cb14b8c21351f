import { expect, test, vi } from 'vitest';
import { readCommandLine } from '../../../../src/cli/options/command-line.ts';
import { startsNode } from '../../../../src/cli/options/node-verb.ts';
import { defineVerb } from '../../../../src/cli/verb.ts';
import { serverFlags } from '../../../../src/node/index.ts';

const VERBS = ['serve', 'incr'].map((name) =>
  defineVerb({
    name,
    summary: '',
    description: '',
    flags: serverFlags,
    examples: [],
    parameters: ['[words...]'],
    run: () => Promise.resolve(0),
  }),
);

/** The options and the arguments of a command line. */
function read(line: string): readonly [object, readonly string[]] {
  const invocation = readCommandLine(line.split(' '), VERBS);
  if (invocation.kind !== 'run') throw new Error(`"${line}" asks for ${invocation.kind}`);
  return [invocation.given, invocation.args];
}

test.each<[string, object, readonly string[]]>([
  ['incr key -1', {}, ['key', '-1']],
  ['incr - -p 1 key', { port: ['1'] }, ['-', 'key']],
  ['incr -p -1', { port: ['-1'] }, []],
  ['incr --port -1', { port: ['-1'] }, []],
  ['incr -- --port -v', {}, ['--port', '-v']],
  ['incr --port=1 a --port 2', { port: ['1', '2'] }, ['a']],
  ['incr --disable-dumping=false', { disableDumping: ['false'] }, []],
  ['incr --disable-dumping false a', { disableDumping: ['false'] }, ['a']],
  ['incr --disable-dumping a', { disableDumping: ['true'] }, ['a']],
  ['incr -vv -v', { verbosity: ['1', '1', '1'] }, []],
  ['incr --unix-socket= a', { unixSocket: [''] }, ['a']],
])('"%s" has options and arguments', (line, given, args) => {
  expect(read(line)).toEqual([given, args]);
});

test.each([
  ['incr --listen --port 1', '--listen needs a value.'],
  ['incr --port -- 1', '--port needs a value.'],
  ['incr --a --b=1 --a', 'There is no option "--a", "--b".'],
])('"%s" is refused: %s', (line, sentence) => {
  expect(() => read(line)).toThrow(sentence);
});

test('a message is English, whatever the language of the user', () => {
  vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
  try {
    expect(() => read('incr --a')).toThrow('There is no option "--a".');
    expect(() => read('incr --port')).toThrow('--port needs a value.');
  } finally {
    vi.unstubAllEnvs();
  }
});

test.each([
  ['serve', true],
  ['serve --help', true],
  ['proxy --join=x', true],
  ['-m 64', true],
  ['--port=1', true],
  ['--help', false],
  ['-h', false],
  ['-V', false],
  ['help serve', false],
  ['get key', false],
])('startsNode knows whether "%s" starts a node: %s', (line, starts) => {
  expect(startsNode(line.split(' '))).toBe(starts);
});
test('a command line without words does not start a node', () => {
  expect(startsNode([])).toBe(false);
});
