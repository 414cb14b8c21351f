import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { ItemsEvent, NodeFacts } from '../../../src/cluster/node-messages.ts';
import { type RestartEvent, restartNodes } from '../../../src/cluster/rolling-restart.ts';
import type { SupervisedNode } from '../../../src/cluster/supervised-node.ts';

const FACTS: NodeFacts = { items: 5, bytes: 1000, memoryLimitBytes: 64 << 20 };
const KEPT: readonly ItemsEvent[] = [
  { kind: 'saving', items: 0, itemsTotal: 5, bytes: 0 },
  { kind: 'saved', items: 5, bytes: 1000 },
  { kind: 'restored', items: 5, left: 0 },
];

/** A node whose restart goes as the test wants it. */
class PlannedNode {
  isUp = true;
  restarts = 0;
  readonly name: string;
  readonly #answer: NodeFacts | undefined;
  readonly #events: readonly ItemsEvent[];

  constructor(name: string, answer: NodeFacts | undefined = FACTS, events = KEPT) {
    this.name = name;
    this.#answer = answer;
    this.#events = events;
  }

  facts = async (): Promise<NodeFacts | undefined> => this.#answer;

  restart = async ({ onItems }: { onItems: (event: ItemsEvent) => void }): Promise<number> => {
    this.restarts++;
    for (const event of this.#events) onItems(event);
    return 1;
  };
}

async function restart(nodes: readonly PlannedNode[], signal = new AbortController().signal) {
  const events: RestartEvent[] = [];
  const request = { node: undefined, dryRun: false, pauseMs: 0 };
  const supervised = nodes as unknown as readonly SupervisedNode[];
  const onEvent = (event: RestartEvent) => void events.push(event);
  await restartNodes(request, { nodes: supervised, folder: tmpdir(), onEvent, signal });
  return events;
}

describe('a restart of nodes', () => {
  test('the events tell the plan, the phases and the result of each node', async () => {
    const events = await restart([new PlannedNode('a'), new PlannedNode('b')]);
    const kinds = events.map((each) => ('phase' in each ? each.phase : each.event));
    expect(kinds).toEqual([
      'plan',
      'draining',
      'saving',
      'node',
      'draining',
      'saving',
      'node',
      'done',
    ]);
  });

  test('a disk that is too small refuses the restart before any node stops', async () => {
    const large = { ...FACTS, bytes: Number.MAX_SAFE_INTEGER };
    const nodes = [new PlannedNode('a'), new PlannedNode('b', large)];
    await expect(restart(nodes)).rejects.toThrow(/^The disk of .* is too small: .*--state/);
    expect(nodes.map(({ restarts }) => restarts)).toEqual([0, 0]);
  });

  test('a node that does not reply refuses the restart before any node stops', async () => {
    const silent = new PlannedNode('b');
    silent.facts = async () => undefined;
    const nodes = [new PlannedNode('a'), silent];
    await expect(restart(nodes)).rejects.toThrow(/^b does not reply to its supervisor/);
    expect(nodes[0]?.restarts).toBe(0);
  });

  test.each<[string, readonly ItemsEvent[], string]>([
    ['ends before it has written', [], 'it ended before it had written them'],
    ['cannot write', [{ kind: 'not-saved', reason: 'no space' }], 'no space'],
    [
      'cannot read',
      [
        { kind: 'saved', items: 5, bytes: 1 },
        { kind: 'not-restored', reason: 'damaged' },
      ],
      'damaged',
    ],
  ])('after a node that %s, the next nodes stay as they are', async (_, lost, reason) => {
    const nodes = [new PlannedNode('a', FACTS, lost), new PlannedNode('b')];
    expect((await restart(nodes)).at(-1)).toEqual({
      event: 'failed',
      reason: `a serves again, but without its items: ${reason}`,
      restarted: [],
      untouched: ['b'],
    });
    expect(nodes[1]?.restarts).toBe(0);
  });

  test('a node without items needs no file', async () => {
    const nothing = { ...FACTS, items: 0 };
    const events = await restart([new PlannedNode('a', nothing, [])]);
    expect(events.at(-1)).toEqual({ event: 'done' });
  });

  test('a node that ended before its turn ends the restart', async () => {
    const second = new PlannedNode('b');
    const first = new PlannedNode('a');
    const restartFirst = first.restart;
    first.restart = async (handlers) => {
      second.isUp = false;
      return restartFirst(handlers);
    };
    expect((await restart([first, second])).at(-1)).toMatchObject({
      reason: 'b ended before its turn',
      restarted: ['a'],
      untouched: ['b'],
    });
  });

  test('an order that nobody waits for restarts no further node', async () => {
    const gone = new AbortController();
    const first = new PlannedNode('a');
    const restartFirst = first.restart;
    first.restart = async (handlers) => {
      gone.abort();
      return restartFirst(handlers);
    };
    const nodes = [first, new PlannedNode('b')];
    expect((await restart(nodes, gone.signal)).at(-1)).toMatchObject({ untouched: ['b'] });
    expect(nodes[1]?.restarts).toBe(0);
  });
});
