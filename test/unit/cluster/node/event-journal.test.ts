import { beforeEach, describe, expect, test } from 'vitest';
import { EVENTS_MAX, EventJournal } from '../../../../src/cluster/node/event-journal.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import type { Member } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { recordingLog } from '../../../support/recording-log.ts';

const self = memberWith(1);
const cause = { reason: 'web-2 has ended', by: 'supervisor', atMs: 7 };
const seen = (version: number, ...members: readonly Member[]) =>
  adoptedBy(topologyWith(members, { version }), self);
const three = [self, memberWith(2), memberWith(3)];
const oneDown = [self, memberWith(2, { state: 'down' }), memberWith(3)];

let journal: EventJournal;
let logged: readonly string[];

beforeEach(() => {
  const { log, texts } = recordingLog();
  logged = texts;
  journal = new EventJournal({ self, log, clock: { nowMs: () => 1000.4 } });
  journal.adopted(seen(3, ...three), undefined, undefined);
});

const kinds = () => journal.events.map(({ kind }) => kind);

describe('the events of a member', () => {
  test('an event of a topology has the reason, the time and the decider of its change', () => {
    journal.adopted(seen(4, ...oneDown), seen(3, ...three), cause);
    expect(journal.events.slice(0, 2)).toEqual([
      {
        nth: 1,
        atMs: 1000,
        kind: 'started',
        node: 'web-1',
        version: 3,
        by: 'web-1',
        reason: 'its process follows the topology',
      },
      { nth: 2, kind: 'death', node: 'web-2', version: 4, ...cause },
    ]);
  });
  test('a takeover is counted, and is an event of this member', () => {
    journal.adopted(seen(4, ...oneDown), seen(3, ...three), cause);
    expect(journal.takeovers).toBe(1);
    expect(journal.events[2]).toMatchObject({ kind: 'takeover', node: 'web-2', by: 'web-1' });
  });
  test('a member that lags is logged, and one that is no member any more is not back', () => {
    journal.reached(memberWith(2), false);
    journal.adopted(seen(4, ...three.slice(0, 1)), seen(3, ...three), cause);
    journal.reached(memberWith(2), true);
    expect(kinds()).toEqual(['started', 'peer-lags', 'left', 'left']);
    expect(logged).toEqual(['web-2 has not taken changes for two seconds']);
  });
  test('an event whose cause is not known says so', () => {
    journal.adopted(seen(4, ...oneDown), undefined, undefined);
    expect(journal.events[1]).toMatchObject({ kind: 'death', by: '-', reason: 'not known' });
  });
  test('an outage of the membership is one event, and its end another one', () => {
    for (const isReached of [true, false, false, true]) journal.membershipReached(isReached);
    expect(kinds()).toEqual(['started', 'membership-lost', 'membership-back']);
    expect(journal.isMembershipReachable).toBe(true);
  });
  test('the oldest events go, the numbers go on, and a decider is one short word', () => {
    for (let nth = 0; nth < EVENTS_MAX; nth++) journal.membershipReached(nth % 2 === 1);
    expect([journal.events.length, journal.events[0]?.nth]).toEqual([EVENTS_MAX, 2]);
    const reason = `a\r\n${'b'.repeat(1000)}`;
    journal.adopted(seen(4, ...oneDown), undefined, { ...cause, reason, by: 'ann at web' });
    expect(journal.events.at(-1)).toMatchObject({
      reason: `a ${'b'.repeat(198)}`,
      by: 'ann_at_web',
    });
  });
});
