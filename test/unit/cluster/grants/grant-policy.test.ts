import { describe, expect, test } from 'vitest';
import { Grants } from '../../../../src/cluster/grants/grants.ts';
import { firstTopology, withJoined } from '../../../../src/topology/index.ts';
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

describe('the right to answer', () => {
  /** Node x, which y and n do or do not promise anything. */
  function nodeWith(promises: ReadonlySet<string>) {
    const schedule = new Schedule();
    const silences: string[] = [];
    const node = { untilMs: Number.NEGATIVE_INFINITY, silences, schedule, grants };
    function grants(): Grants {
      const deps = {
        ask: ({ name }: { readonly name: string }, settle: (isPromised: boolean) => void) =>
          void schedule.after(1, () => settle(promises.has(name))),
        setAnswersUntil: (ms: number) => {
          node.untilMs = ms;
        },
        silenceChanged: () => void silences.push(made.silent.join()),
        nowMs: () => schedule.nowMs,
        setTimer: (onFire: () => void, delayMs: number) => schedule.after(delayMs, onFire),
      };
      const made = new Grants({ name: 'x', incarnation: 1 }, GRANT_MS, deps);
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
  test('a node loses the right to answer when a new member never promises anything', () => {
    const node = nodeWith(new Set(['y']));
    const grants = node.grants();
    grants.adopting(first);
    while (node.schedule.step(1000));
    grants.adopting(joined);
    while (node.schedule.step(6000));
    expect(node.untilMs).toBeLessThan(1000 + GRANT_MS);
    grants.close();
  });
});
