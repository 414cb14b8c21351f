import { expect, test } from 'vitest';
import { logLine } from '../../../../src/base/index.ts';
import { follow, type LineSource } from '../../../../src/cli/log/follow.ts';

/** Each connection of a source: the lines that it brings, then its end, or a failure. */
type Connection = readonly string[] | Error;

/** A node whose connections the test has planned; after the last one the reading ends. */
function sourceOf(node: string, connections: readonly Connection[], end: AbortController) {
  const left = [...connections];
  const firsts: boolean[] = [];
  async function* lines(isFirst: boolean, signal: AbortSignal): AsyncGenerator<string> {
    firsts.push(isFirst);
    const connection = left.shift();
    if (connection === undefined) {
      end.abort();
      return;
    }
    if (connection instanceof Error) throw connection;
    for (const text of connection) yield text === '' ? '' : logLine('info', {}, text);
    if (left.length === 0 && connections.length === 1) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }
  }
  const source: LineSource = {
    node,
    lines,
    reasonOf: async (error) => (error as Error).message,
  };
  return { source, firsts };
}

async function followed(sources: readonly LineSource[], end: AbortController) {
  const shown: string[] = [];
  const show = async (node: string, line: string): Promise<void> => {
    const { msg, reason } = JSON.parse(line) as Record<string, unknown>;
    shown.push(`${node}: ${msg}${reason === undefined ? '' : ` (${reason})`}`);
  };
  await follow(sources, show, end.signal);
  return shown;
}

test('a node that goes away is said once, and its lines go on when it is back', async () => {
  const end = new AbortController();
  const down = new Error('connection refused');
  const { source, firsts } = sourceOf('a', [['one', ''], down, down, ['', 'two'], down], end);
  expect(await followed([source], end)).toEqual([
    'a: one',
    'a: no connection to the node; trying again each second (it ended the connection)',
    'a: the node is back',
    'a: two',
    'a: no connection to the node; trying again each second (it ended the connection)',
  ]);
  expect(firsts).toEqual([true, false, false, false, false, false]);
}, 20_000);

test('the failure of all nodes at the start is an error', async () => {
  const end = new AbortController();
  const sources = ['a', 'b'].map((node) => sourceOf(node, [new Error(`${node} is down`)], end));
  await expect(
    followed(
      sources.map(({ source }) => source),
      end,
    ),
  ).rejects.toThrow('a is down');
  expect(end.signal.aborted).toBe(false);
});

test('a node that is down at the start hides no other node', async () => {
  const end = new AbortController();
  const { source: down } = sourceOf('a', [new Error('refused')], end);
  const { source: up } = sourceOf('b', [['one']], end);
  const shown = await followed([down, up], end);
  expect(shown.toSorted()).toEqual([
    'a: no connection to the node; trying again each second (refused)',
    'b: one',
  ]);
});
