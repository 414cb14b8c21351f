import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { ItemsEvent, NodeFacts } from '../../../src/cluster/node-messages.ts';
import { type RestartEvent, restartNodes } from '../../../src/cluster/rolling-restart.ts';
import type { NodeCrash, SupervisedNode } from '../../../src/cluster/supervised-node.ts';

const FACTS: NodeFacts = { items: 5, bytes: 1000, memoryLimitBytes: 64 << 20 };
const KEPT: readonly ItemsEvent[] = [
  { kind: 'saving', items: 0, itemsTotal: 5, bytes: 0 },
  { kind: 'saved', items: 5, bytes: 1000 },
  { kind: 'restored', items: 5, left: 0 },
];

/** A node whose restart goes as the test wants it. */
class PlannedNode {
  isUp = true;
  lastCrash: NodeCrash | undefined;
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
    ['reads no file', [{ kind: 'saved', items: 5, bytes: 1 }], 'it started without its file'],
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

  describe('a node that crashes and is back, empty, at once', () => {
    const crash = { end: 'signal SIGKILL', atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) };
    const reason =
      'b crashed at 2026-01-02T03:04:05.006Z (signal SIGKILL), and the supervisor started it ' +
      'empty: it had 5 items when the restart began';
    const nodesWithCrash = (during: 'a' | 'b' | 'c') => {
      const nodes = [new PlannedNode('a'), new PlannedNode('b'), new PlannedNode('c')];
      const restarting = nodes.find(({ name }) => name === during)!;
      const { restart: restartAsPlanned } = restarting;
      restarting.restart = async (handlers) => {
        const pid = await restartAsPlanned(handlers);
        nodes[1]!.lastCrash = crash;
        nodes[1]!.facts = async () => ({ ...FACTS, items: 0 });
        return pid;
      };
      return nodes;
    };
    test.each([
      ['before its turn', 'a', ['a'], ['b', 'c']],
      ['after its turn', 'b', ['a', 'b'], ['c']],
      ['while the last node restarts', 'c', ['a', 'b', 'c'], []],
    ] as const)('%s, it ends the restart', async (_, during, restarted, untouched) => {
      const events = await restart(nodesWithCrash(during));
      expect(events.at(-1)).toEqual({ event: 'failed', reason, restarted, untouched });
    });
    test('the next restart does not count that crash', async () => {
      const nodes = nodesWithCrash('a');
      await restart(nodes);
      nodes[0]!.restart = new PlannedNode('a').restart;
      expect((await restart(nodes)).at(-1)).toEqual({ event: 'done' });
    });
  });

  test('a node that has stored its first items since the plan must keep them', async () => {
    const first = new PlannedNode('a', { ...FACTS, items: 0 }, []);
    const replies = [0, 7];
    first.facts = async () => ({ ...FACTS, items: replies.shift()! });
    expect((await restart([first])).at(-1)).toMatchObject({
      reason: 'a serves again, but without its items: it ended before it had written them',
    });
  });

  test('a node may expire or evict items before its turn and in it', async () => {
    const first = new PlannedNode('a', FACTS, [
      { kind: 'saved', items: 2, bytes: 1 },
      { kind: 'restored', items: 1, left: 1 },
    ]);
    expect((await restart([first])).at(-1)).toEqual({ event: 'done' });
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
