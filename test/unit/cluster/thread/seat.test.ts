/** Which keys the sessions of a thread answer themselves, and what its fast path may do. */
import { beforeEach, describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { hrtimeMs } from '../../../../src/cluster/thread/cluster-share.ts';
import { roleChanges } from '../../../../src/cluster/thread/roles.ts';
import { HANDOVER_MS_MAX, START_MS_MAX, ThreadSeat } from '../../../../src/cluster/thread/seat.ts';
import { TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { PLACE } from '../../../../src/server/index.ts';
import type { ClusterTopology, Group } from '../../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

let timers: ManualTimers;
let view: TopologyView;
let handover: {
  isOver: boolean;
  isStarting: boolean;
  undecided: string[];
  inherited: string[];
  decide?: () => void;
};
let sender: ReturnType<typeof newSender>;
let open: string[];
let share: { mayAnswerUntilMs: number };
let seat: ThreadSeat;

function decided(one: typeof handover): Promise<void> {
  return new Promise((resolve) => {
    one.decide = resolve;
  });
}

const keyIn = (bytes: Buffer, start: number, end: number) => bytes.toString('latin1', start, end);

/** A sender that notes keys, and is as its test says. */
function newSender() {
  const changes: string[] = [];
  return {
    isNoting: false,
    takesFast: false,
    hidesChanges: false,
    changes,
    get hasChanges() {
      return changes.length > 0;
    },
    changing: () => {},
    changed: (_group: Group, ...key: Parameters<typeof keyIn>) => void changes.push(keyIn(...key)),
    changedFast: () => {},
    acknowledge: undefined as ((error?: CodedError) => void) | undefined,
    isWaiting: false,
    seal(acknowledge: (error?: CodedError) => void): boolean {
      this.acknowledge = acknowledge;
      return this.isWaiting;
    },
  };
}

beforeEach(() => {
  timers = new ManualTimers();
  view = new TopologyView(timers);
  handover = { isOver: true, isStarting: false, undecided: [], inherited: [] };
  sender = newSender();
  open = [];
  share = { mayAnswerUntilMs: Number.POSITIVE_INFINITY };
  seat = new ThreadSeat({
    readsCopies: true,
    view,
    timers,
    sharedMs: hrtimeMs,
    handover: {
      get isOver() {
        return handover.isOver;
      },
      get isStarting() {
        return handover.isStarting;
      },
      get inherits() {
        return handover.inherited.length > 0;
      },
      isInherited: (...key) => handover.inherited.includes(keyIn(...key)),
      isUndecided: (...key) => handover.undecided.includes(keyIn(...key)),
      settled: () => decided(handover),
    },
    sender,
    copies: { changes: { isOpen: (...key) => open.includes(keyIn(...key)) } },
    get share() {
      return share;
    },
    forward: () => {},
    flushAll: () => {},
  });
});

function adopt(topology: ClusterTopology): void {
  const before = view.current;
  const adopted = adoptedBy(topology, memberWith(1));
  view.adopt(adopted);
  seat.adopt(adopted, roleChanges(before, adopted).losesPrimary);
  view.wake();
}

const place = (key: string): number => seat.locate(Buffer.from(key), 0, key.length);
const keys = Array.from({ length: 100 }, (_, nth) => `key-${nth}`);
const ownKey = (): string => keys.find((key) => place(key) === PLACE.here)!;

describe('seat', () => {
  test('one seal takes the changes of all inputs, and the replies of all wait for it', () => {
    const lost = new CodedError('ERR_RECEIVER_LOST', 'a receiver is lost');
    const ends: string[] = [];
    const noteAs = (name: string) => (error?: CodedError) =>
      void ends.push(`${name} ${error?.code}`);
    for (const error of [undefined, lost]) {
      sender.isWaiting = true;
      seat.join(() => noteAs('peer'));
      expect(seat.seal(noteAs('client'))).toBe(true);
      expect(ends.splice(0)).toEqual([]);
      sender.acknowledge?.(error);
      expect(ends.splice(0)).toEqual([`client ${error?.code}`, `peer ${error?.code}`]);
    }
    sender.isWaiting = false;
    seat.join(() => noteAs('peer'));
    expect(seat.seal(noteAs('client'))).toBe(false);
    expect(seat.seal(noteAs('client'))).toBe(false);
    expect(ends).toEqual(['peer undefined']);
  });
  test('no key has a place before the first topology', async () => {
    expect([place('k'), seat.fast, seat.version]).toEqual([PLACE.undecided, 'off', 0]);
    const settled = seat.settled();
    adopt(topologyWith(3));
    await settled;
  });

  test('each key is here or at the index of its primary', () => {
    adopt(topologyWith(3, { replicas: 1 }));
    expect(new Set(keys.map(place))).toEqual(new Set([PLACE.here, 1, 2]));
    expect(seat.version).toBe(1);
  });

  test('a proxy has no key', () => {
    const members = [memberWith(1, { weight: 0 }), memberWith(2)];
    adopt(topologyWith(members, { replicas: 1 }));
    expect(new Set(keys.map(place))).toEqual(new Set([1]));
  });

  test('no key is here while the topology lacks this incarnation', () => {
    const members = [memberWith(1, { incarnation: 7 }), memberWith(2)];
    adopt(topologyWith(members, { replicas: 1 }));
    expect(new Set(keys.map(place))).toEqual(new Set([0, 1]));
  });

  test('nobody has a key while all members are down', () => {
    adopt(topologyWith([memberWith(1, { state: 'filling' }), memberWith(2, { state: 'down' })]));
    expect(new Set(keys.map(place))).toEqual(new Set([PLACE.nobody]));
  });

  test('a key that another member may still answer for is undecided', () => {
    adopt(topologyWith(3));
    const key = ownKey();
    handover = { isOver: false, isStarting: false, inherited: [], undecided: [key] };
    expect(place(key)).toBe(PLACE.undecided);
    handover.undecided = [];
    expect(place(key)).toBe(PLACE.here);
  });

  test('a request waits for the next decision, for a bounded time', async () => {
    adopt(topologyWith(3));
    const decided = seat.settled();
    handover.decide?.();
    await decided;
    const late = seat.settled();
    timers.advance(HANDOVER_MS_MAX);
    await expect(late).rejects.toThrow('has not handed it over in time');
    await expect(late).rejects.toBeInstanceOf(CodedError);
  });

  test('a key of a cluster that starts waits longer for its handover', async () => {
    adopt(topologyWith(3, { replicas: 1 }));
    handover.isStarting = true;
    const late = seat.settled();
    let isEnded = false;
    void late.catch(() => {
      isEnded = true;
    });
    timers.advance(START_MS_MAX - 1);
    await settleAll();
    expect(isEnded).toBe(false);
    timers.advance(1);
    await expect(late).rejects.toThrow('has not handed it over in time');
  });

  test('the fast path answers hits once the store has only own items without the flag', () => {
    adopt(topologyWith(3, { replicas: 1 }));
    expect(seat.fast).toBe('off');
    seat.clean(1);
    expect(seat.fast).toBe('hits');
    sender.isNoting = true;
    expect(seat.fast).toBe('readHits');
    sender.takesFast = true;
    expect(seat.fast).toBe('keptSets');
    sender.hidesChanges = true;
    expect(seat.fast).toBe('hiddenSets');
    handover.isOver = false;
    expect(seat.fast).toBe('off');
  });

  test('the fast path answers everything if there is one member', () => {
    adopt(topologyWith(1, { replicas: 1 }));
    seat.clean(1);
    expect(seat.fast).toBe('all');
  });

  test('the fast path stops from a topology that takes keys away until the store is clean', () => {
    adopt(topologyWith(2, { replicas: 1 }));
    seat.clean(1);
    adopt(topologyWith(3, { replicas: 1, version: 2 }));
    expect(seat.fast).toBe('off');
    seat.clean(1);
    expect(seat.fast).toBe('off');
    seat.clean(2);
    expect(seat.fast).toBe('hits');
  });

  test('a change is noted only while keys have receivers', () => {
    adopt(topologyWith(3));
    seat.changed(Buffer.from('k'), 0, 1);
    expect(seat.hasChanges).toBe(false);
    sender.isNoting = true;
    seat.changed(Buffer.from('k'), 0, 1);
    expect([sender.changes, seat.hasChanges]).toEqual([['k'], true]);
  });

  test('a read waits as a change if holders may lack what it shows', () => {
    adopt(topologyWith(3));
    const read = (key: string): void => seat.read(Buffer.from(key), 0, key.length);
    const [first = '', second = '', settled = ''] = keys.filter((key) => place(key) === PLACE.here);
    [open, handover.inherited] = [[first], [second]];
    for (const key of [first, second]) read(key);
    expect(sender.changes).toEqual([]);
    [sender.isNoting, sender.hidesChanges] = [true, true];
    for (const key of [first, settled, second]) read(key);
    expect(sender.changes).toEqual([first, second]);
  });

  test('a copy answers for a key that this member holds, in a topology at rest', () => {
    const copies = (): readonly string[] =>
      keys.filter((key) => seat.holdsCopy(Buffer.from(key), 0, key.length));
    adopt(topologyWith(3));
    const { groups } = view.current!;
    const held = keys.filter((key) => {
      const group = groups.groupOf(Buffer.from(key), 0, key.length);
      return group.receivers.includes(0);
    });
    expect(held.length).toBeGreaterThan(0);
    expect(copies()).toEqual(held);
    for (const state of ['joining', 'leaving', 'filling'] as const) {
      adopt(topologyWith([memberWith(1), memberWith(2), memberWith(3, { state })]));
      expect(copies(), state).toEqual([]);
    }
    adopt(topologyWith([memberWith(1), memberWith(2), memberWith(3, { state: 'down' })]));
    expect(copies().length).toBeGreaterThan(0);
  });

  test('a read of a copy is no change', () => {
    adopt(topologyWith(3));
    [sender.isNoting, sender.hidesChanges] = [true, true];
    const copy = keys.find((key) => place(key) !== PLACE.here)!;
    open = [copy];
    seat.read(Buffer.from(copy), 0, copy.length);
    expect(sender.changes).toEqual([]);
  });

  test('the fast path is off while a key may be inherited, unless reads wait for nobody', () => {
    adopt(topologyWith(3));
    seat.clean(1);
    sender.isNoting = true;
    handover.inherited = ['inherited'];
    expect(seat.fast).toBe('readHits');
    sender.hidesChanges = true;
    expect(seat.fast).toBe('off');
  });

  test('the right to answer ends at its time', () => {
    expect(seat.mayAnswer()).toBe(true);
    const [seconds] = process.hrtime();
    share.mayAnswerUntilMs = (seconds + 60) * 1000;
    expect(seat.mayAnswer()).toBe(true);
    share.mayAnswerUntilMs = (seconds - 1) * 1000;
    expect(seat.mayAnswer()).toBe(false);
  });
});
