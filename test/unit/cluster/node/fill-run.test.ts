import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FillPlan } from '../../../../src/cluster/node/fill-plan.ts';
import { type FillOutcome, FillRun } from '../../../../src/cluster/node/fill-run.ts';
import { FillShare } from '../../../../src/cluster/node/fill-share.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { Handover } from '../../../../src/cluster/thread/handover.ts';
import { StateService } from '../../../../src/cluster/thread/state-service.ts';
import { TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import type { ItemState, KeyWalk } from '../../../../src/store/index.ts';
import { CONTROL } from '../../../../src/store/memory/layout.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode, FAST_WALK_STORE, set } from '../../../support/copy-node.ts';
import { HeldLink } from '../../../support/held-links.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

const KEYS = 2000;
/** The fewest buckets that an index may have: one for each stripe. */
const BUCKETS_MIN = 4096;
const keys = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
const joining = topologyWith([memberWith(1), memberWith(2, { state: 'joining' })], { replicas: 1 });
const now = adoptedBy(joining, memberWith(1));
const plan = new FillPlan(now, [], () => 0);
/** The keys that the second member gets. */
const moving = keys.filter((key) => plan.receiversOf(Buffer.from(key), 0, key.length).length > 0);

let source: CopyNode;
let target: CopyNode;
let timers: ManualTimers;
let link: HeldLink;
let service: StateService;
let share: FillShare;
let outcome: FillOutcome | undefined;

let storeOptions = {};

beforeEach(() => {
  source = new CopyNode(storeOptions);
  target = new CopyNode();
  timers = new ManualTimers();
  link = new HeldLink(memberWith(1));
  const view = new TopologyView(timers);
  view.adopt(adoptedBy(joining, memberWith(2)));
  service = new StateService({ copies: target.copies, timers, view, handover: new Handover() });
  share = new FillShare();
  outcome = undefined;
  for (const key of keys) source.send(set(key, `value of ${key}`));
});

function start(
  items = source.store.view.itemCount(),
  walkKeys = () => source.store.walkKeys(),
): void {
  const fill = new FillRun({
    plan,
    walkKeys,
    fastWalk: source.fastWalk,
    items,
    nowSeconds: () => source.store.clock.now(),
    copies: source.copies,
    timers,
    share,
    delayMs: () => 0,
    soon: (run) => void timers.setTimer(run, 0),
    linkTo: () => link,
  });
  void fill.run().then((result) => {
    outcome = result;
  });
}

/** Lets the fill work until it has ended; `between` runs between its rounds. */
async function complete(between = (): void => {}): Promise<void> {
  for (let round = 0; outcome === undefined && round < 10_000; round++) {
    timers.advance(1);
    await settleAll();
    between();
    link.deliverAll(service);
    await settleAll();
  }
}

const has = (key: string): boolean => target.read(key).exists;

describe.each([
  ['JavaScript', {}],
  ['WebAssembly', FAST_WALK_STORE],
])('a fill in %s', (_, options) => {
  beforeAll(() => {
    storeOptions = options;
  });

  test('the receiver gets each key that it lacks, and no other', async () => {
    start();
    await complete();
    expect(outcome).toBe('done');
    expect(moving.length).toBeGreaterThan(KEYS / 4);
    expect(moving.filter((key) => !has(key))).toEqual([]);
    expect(keys.filter(has)).toHaveLength(moving.length);
    expect(share.keysSent).toBe(moving.length);
    expect(share.bytesSent).toBeGreaterThan(moving.length * 60);
    expect(share.keysLeft).toBe(0);
  });
  test('items arrive whose states have no room beside each other', async () => {
    const large = moving.slice(0, 60);
    for (const key of large) source.send(set(key, 'x'.repeat(40_000)));
    for (const key of moving.slice(large.length))
      source.send(set(key, 'set later, so found first'));
    start();
    await complete();
    expect(outcome).toBe('done');
    expect(moving.filter((key) => !has(key))).toEqual([]);
  });
  test('a fill has one batch on the way at a time', async () => {
    start();
    let most = 0;
    await complete(() => {
      most = Math.max(most, link.requests.length);
    });
    expect(outcome).toBe('done');
    expect(most).toBeGreaterThan(0);
    expect(most).toBe(1);
  });
  test('a change that arrives before an older batch of the fill stays', async () => {
    start();
    timers.advance(1);
    await settleAll();
    const [key = ''] = moving;
    const stale = link.requests.splice(0);
    source.send(`delete ${key}\r\n`);
    expect(target.copies.take(source.read(key))).toBe('done');
    link.requests.push(...stale);
    await complete();
    expect(outcome).toBe('done');
    expect(has(key)).toBe(false);
  });
  test('a fill stops soon when it has to, also while it waits for a reply', async () => {
    start();
    for (let round = 0; round < 200; round++) {
      timers.advance(1);
      await settleAll();
    }
    expect(link.requests.length).toBeGreaterThan(0);
    share.stop();
    for (let round = 0; round < 20 && outcome === undefined; round++) {
      timers.advance(1);
      await settleAll();
    }
    expect(outcome).toBe('stopped');
  });
  test('the items that were used last come first, and none is left out', async () => {
    source.wait(1000);
    const used = new Set(keys.filter((_, nth) => nth % 2 === 0));
    for (const key of used) source.send(`get ${key}\r\n`);
    const recent = new Set(moving.filter((key) => used.has(key)));
    const order: string[] = [];
    const copies = {
      lookAhead: target.copies.lookAhead,
      take: (state: ItemState) => {
        order.push(
          state.keySource.toString('latin1', state.keyStart, state.keyStart + state.keyBytes),
        );
        return 'done' as const;
      },
    };
    const view = new TopologyView(timers);
    view.adopt(adoptedBy(joining, memberWith(2)));
    const recording = new StateService({ copies, timers, view, handover: new Handover() });
    start(1_000_000);
    await complete(() => link.deliverAll(recording));
    expect(outcome).toBe('done');
    expect(order.slice(0, recent.size).toSorted()).toEqual([...recent].toSorted());
    expect([...new Set(order)].toSorted()).toEqual(moving.toSorted());
    expect(share.keysLeft).toBe(0);
  });
  test('no item is left out if the index grows between two walks', async () => {
    source = new CopyNode({ ...storeOptions, memoryLimitBytes: 32 << 20 });
    source.parts.arena.control[CONTROL.buckets] = BUCKETS_MIN;
    for (const key of keys) source.send(set(key, 'v'));
    source.wait(1000);
    for (const key of keys.slice(0, KEYS / 2)) source.send(`get ${key}\r\n`);
    const groups: number[] = [];
    const walkKeys = (): KeyWalk => {
      // The walk for the items that were used last has ended.
      if (groups.length === 2) {
        for (let nth = 0; nth < 4 * BUCKETS_MIN; nth++) source.send(set(`more-${nth}`, 'v'));
      }
      const walk = source.store.walkKeys();
      groups.push(walk.groups);
      return walk;
    };
    start(1_000_000, walkKeys);
    await complete();
    expect(groups[2]).toBeGreaterThan(groups[1]!);
    expect(moving.filter((key) => !has(key))).toEqual([]);
  });
  test('a fill fails if its receiver is lost', async () => {
    start();
    for (let waited = 0; waited < 15_000 && outcome === undefined; waited += 50) {
      timers.advance(50);
      await settleAll();
    }
    expect(outcome).toBe('failed');
  });
  test('a fill ends for a receiver that has no memory left', async () => {
    let taken = 0;
    const view = new TopologyView(timers);
    view.adopt(adoptedBy(joining, memberWith(2)));
    const full = new StateService({
      copies: {
        lookAhead: target.copies.lookAhead,
        take: () => (++taken > 300 ? 'noMemory' : 'done'),
      },
      timers,
      view,
      handover: new Handover(),
    });
    start();
    await complete(() => link.deliverAll(full));
    expect(outcome).toBe('done');
    expect(taken).toBeLessThan(moving.length);
    expect(taken).toBeGreaterThan(300);
  });
});
