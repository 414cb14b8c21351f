import { beforeEach, describe, expect, test } from 'vitest';
import { ClusterDisplay, DISPLAY_MS } from '../../../../src/cluster/node/cluster-display.ts';
import type { ThreadReport } from '../../../../src/cluster/thread/thread-cluster.ts';
import { type ClusterView, type PeerView, THREAD_NUMBERS } from '../../../../src/commands/index.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

const self = memberWith(1);

/** The report of a thread whose numbers are all `number`. */
function reportWith(number: number, ...peers: readonly PeerView[]): ThreadReport {
  const numbers = Object.fromEntries(THREAD_NUMBERS.map((name) => [name, number]));
  return { numbers: numbers as ThreadReport['numbers'], peers };
}

const peer = (name: string, number: number, lagMs = 0): PeerView => {
  return { name, linksUp: number, backlogBytes: number, unansweredRequests: number, lagMs };
};

/** A display whose threads answer as the test says. */
class TestDisplay {
  readonly timers = new ManualTimers();
  readonly shown: ClusterView[] = [];
  readonly questions: PromiseWithResolvers<readonly ThreadReport[]>[] = [];
  adopted = 0;
  samples = 0;
  readonly display = new ClusterDisplay({
    self,
    timers: this.timers,
    report: () => ({
      name: self.name,
      incarnation: self.incarnation,
      adopted: this.adopted,
      complete: 2,
      clean: 3,
      keysMoved: 4,
      bytesMoved: 5,
      keysLeft: 6,
      bytesLeft: 7,
      keysPerSecond: 2,
      bytesPerSecond: 8,
      unreachable: ['web-2'],
    }),
    journal: { events: [], takeovers: 9, isMembershipReachable: false },
    sampled: () => void this.samples++,
    threads: () => {
      const question = Promise.withResolvers<readonly ThreadReport[]>();
      this.questions.push(question);
      return question.promise;
    },
    show: (view) => void this.shown.push(view),
  });

  async answer(...reports: readonly ThreadReport[]): Promise<void> {
    this.questions.at(-1)!.resolve(reports);
    await settleAll();
  }

  adopt(topology = topologyWith(2)): void {
    this.adopted = topology.version;
    this.display.adopted(topology);
  }
}

let test1: TestDisplay;

beforeEach(() => {
  test1 = new TestDisplay();
});

describe('what a member shows of its cluster', () => {
  test('the numbers of the threads add up, also those of each peer', async () => {
    test1.adopt();
    await test1.answer(
      reportWith(1, peer('web-2', 1, 900), peer('web-3', 5)),
      reportWith(10, peer('web-2', 2, 200)),
    );
    const [view] = test1.shown;
    for (const name of THREAD_NUMBERS) expect(view?.numbers[name], name).toBe(11);
    expect(view?.peers).toEqual([peer('web-2', 3, 900), peer('web-3', 5)]);
  });
  test('the topology and the report of the member are shown', async () => {
    const gone = memberWith(3, { state: 'gone' });
    test1.adopt(topologyWith([self, memberWith(2), gone], { version: 9 }));
    await test1.answer(reportWith(0));
    expect(test1.shown[0]).toMatchObject({
      cluster: 'web',
      member: 'web-1',
      state: 'serving',
      replication: 'sync',
      members: { joining: 0, filling: 0, serving: 2, leaving: 0, down: 0, gone: 1 },
      numbers: {
        topology_version: 9,
        complete_version: 2,
        clean_version: 3,
        replicas: 2,
        unreachable_members: 1,
        keys_moved: 4,
        bytes_moved: 5,
        keys_left: 6,
        bytes_left: 7,
        keys_per_second: 2,
        bytes_per_second: 8,
        seconds_left: 3,
        takeovers: 9,
        membership_reachable: 0,
      },
    });
  });
  test('a topology is shown at once, and a removed member as removed', async () => {
    test1.adopt();
    await test1.answer(reportWith(7));
    test1.adopt(topologyWith([memberWith(2)], { version: 2 }));
    const view = test1.shown.at(-1);
    expect(test1.shown).toHaveLength(2);
    expect(view).toMatchObject({ state: 'removed', numbers: { forwards_sent: 7 } });
  });
});

describe('the questions to the threads', () => {
  test('the threads are asked again after a time, and never while a question is open', async () => {
    test1.adopt();
    test1.timers.advance(3 * DISPLAY_MS);
    expect(test1.questions).toHaveLength(1);
    await test1.answer(reportWith(0));
    test1.timers.advance(DISPLAY_MS - 1);
    expect(test1.questions).toHaveLength(1);
    test1.timers.advance(1);
    expect([test1.questions.length, test1.samples]).toEqual([2, 1]);
    await test1.answer(reportWith(8));
    expect(test1.shown.at(-1)?.numbers.forwards_sent).toBe(8);
  });
  test('a display that is closed asks and shows nothing, also after a late answer', async () => {
    test1.adopt();
    test1.display.close();
    await test1.answer(reportWith(0));
    test1.timers.advance(3 * DISPLAY_MS);
    expect([test1.shown, test1.questions.length]).toEqual([[], 1]);
  });
  test('the end of a thread ends the questions', async () => {
    test1.adopt();
    test1.questions[0]!.reject(new Error('the thread has ended'));
    await settleAll();
    test1.timers.advance(3 * DISPLAY_MS);
    expect(test1.questions).toHaveLength(1);
  });
});
