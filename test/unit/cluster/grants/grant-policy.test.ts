import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../../src/cluster/grants/gone-members.ts';
import { Grants } from '../../../../src/cluster/grants/grants.ts';
import { Votes } from '../../../../src/cluster/grants/votes.ts';
import { firstTopology, withDown, withJoined } from '../../../../src/topology/index.ts';
import { Schedule } from '../../../support/schedule.ts';

const GRANT_MS = 3000;

const newMember = (name: string, nth: number) => ({
  name,
  address: `10.0.0.${nth}:11211`,
  peerAddress: `10.0.0.${nth}:11311`,
  weight: 1,
  zone: '',
  incarnation: 1,
});

const answerOf = (isPromised: boolean): Answer => ({ isPromised, adopted: 1, released: 1 });

describe('the right to answer', () => {
  /** Node x, which y and n do or do not promise anything. */
  function nodeWith(promises: ReadonlySet<string>) {
    const schedule = new Schedule();
    const silences: string[] = [];
    const node = { untilMs: Number.NEGATIVE_INFINITY, silences, schedule, grants };
    function grants(): Grants {
      const deps = {
        ask: ({ name }: { readonly name: string }, settle: (answer: Answer) => void) =>
          void schedule.after(1, () => settle(answerOf(promises.has(name)))),
        setAnswersUntil: (ms: number) => {
          node.untilMs = ms;
        },
        runningChanged: () => {},
        silenceChanged: () => void silences.push(made.silent.join()),
        nowMs: () => schedule.nowMs,
        setTimer: (onFire: () => void, delayMs: number) => schedule.after(delayMs, onFire),
      };
      const made = new Grants(
        { name: 'x', incarnation: 1 },
        { grantMs: GRANT_MS, votes: new Votes({ readsCopies: false }) },
        deps,
      );
      return made;
    }
    return node;
  }
  const settings = { cluster: 'web', replicas: 2, replication: 'sync' } as const;
  const first = firstTopology(settings, [newMember('x', 1), newMember('y', 2)]);
  const joined = withJoined(first, newMember('n', 3));

  test('a join does not interrupt the right to answer, and a silent new member is told', () => {
    const node = nodeWith(new Set(['y']));
    const grants = node.grants();
    grants.adopting(first);
    while (node.schedule.step(1000));
    expect(node.untilMs).toBeGreaterThan(1000);
    grants.adopting(joined);
    expect(node.untilMs).toBeGreaterThan(1000);
    while (node.schedule.step(1000 + GRANT_MS * 0.9)) expect(node.untilMs).toBeGreaterThan(1000);
    expect(node.silences).toEqual(['n']);
    grants.adopting({ ...first, version: 3 });
    while (node.schedule.step(5000));
    expect(node.silences).toEqual(['n', '']);
    grants.close();
    expect(node.untilMs).toBe(Number.NEGATIVE_INFINITY);
  });
  test('a node hears itself, and a process that has just promised it something', () => {
    const promises = new Set(['y']);
    const node = nodeWith(promises);
    const grants = node.grants();
    const [x, y] = first.members;
    grants.adopting(first);
    expect([grants.hears(x!), grants.hears(y!)]).toEqual([true, false]);
    while (node.schedule.step(1000));
    expect(grants.hears(y!)).toBe(true);
    expect(grants.hears({ ...y!, incarnation: 9 })).toBe(false);
    promises.clear();
    while (node.schedule.step(1000 + GRANT_MS / 12)) expect(grants.hears(y!)).toBe(true);
    while (node.schedule.step(1000 + GRANT_MS / 4));
    expect(grants.hears(y!)).toBe(false);
    grants.close();
  });
  test('a node knows which topology a process has said that it follows', () => {
    const node = nodeWith(new Set());
    const grants = node.grants();
    const [, y] = first.members;
    grants.adopting(first);
    expect(grants.adoptedOf(y!)).toBe(0);
    while (node.schedule.step(1000));
    expect(grants.adoptedOf(y!)).toBe(1);
    expect(grants.adoptedOf({ ...y!, incarnation: 9 })).toBe(0);
    grants.close();
  });
  test('a new process of a member is not silent because the one before it was', () => {
    const node = nodeWith(new Set(['y']));
    const grants = node.grants();
    grants.adopting(first);
    while (node.schedule.step(1000));
    grants.adopting(withDown(first, 'y', 1));
    while (node.schedule.step(9000));
    const members = first.members.map((member) =>
      member.name === 'y' ? ({ ...member, incarnation: 2, state: 'filling' } as const) : member,
    );
    grants.adopting({ ...first, version: 3, members });
    expect(node.silences).toEqual([]);
    grants.close();
  });
  test('a node that leaves keeps the right until its threads have handed its keys over', () => {
    const node = nodeWith(new Set(['y']));
    const grants = node.grants();
    grants.adopting(first);
    while (node.schedule.step(1000));
    const members = first.members.map((member) =>
      member.name === 'x' ? ({ ...member, state: 'leaving', weight: 0 } as const) : member,
    );
    grants.adopting({ ...first, version: 2, members });
    expect(node.untilMs).toBeGreaterThan(1000);
    grants.adopting({ ...first, version: 3, members: members.slice(1) });
    expect(node.untilMs).toBe(Number.NEGATIVE_INFINITY);
    grants.close();
  });
  test('a new member that promises nothing takes no right away until it serves', () => {
    const node = nodeWith(new Set(['y']));
    const grants = node.grants();
    grants.adopting(withDown(joined, 'y', 1));
    while (node.schedule.step(6000));
    expect(node.untilMs).toBe(Number.POSITIVE_INFINITY);
    const members = joined.members.map((member) => ({ ...member, state: 'serving' as const }));
    grants.adopting({ ...joined, version: 4, members: members.filter(({ name }) => name !== 'y') });
    expect(node.untilMs).toBe(Number.NEGATIVE_INFINITY);
    grants.close();
  });
});
