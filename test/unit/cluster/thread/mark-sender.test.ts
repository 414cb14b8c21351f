import { beforeEach, describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { MarkSender } from '../../../../src/cluster/thread/mark-sender.ts';
import { MarkService } from '../../../../src/cluster/thread/mark-service.ts';
import type { Mark } from '../../../../src/cluster/thread/marks.ts';
import { TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { CopyNode } from '../../../support/copy-node.ts';
import { HeldLink } from '../../../support/held-links.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { settleAll } from '../../../support/settle-all.ts';

const three = adoptedBy(topologyWith(3, { version: 5 }), memberWith(1));

let timers: ManualTimers;
let links: readonly HeldLink[];
let sender: MarkSender;
let receiver: CopyNode;
let marked: Mark[];
let service: MarkService;
let isMainThere: boolean;

beforeEach(() => {
  timers = new ManualTimers();
  links = [2, 3].map(() => new HeldLink(memberWith(1)));
  sender = new MarkSender({
    timers,
    sequence: () => ({ high: 2, low: 700 }),
    linkTo: ({ name }) => links[name === 'web-2' ? 0 : 1],
  });
  receiver = new CopyNode();
  marked = [];
  isMainThere = true;
  service = new MarkService({
    copies: receiver.copies,
    view: new TopologyView(timers),
    marked: (mark) => {
      marked.push(mark);
      return isMainThere ? Promise.resolve() : Promise.reject(new CodedError('ERR_TEST', 'No.'));
    },
  });
});

/** Lets time go on by one repetition. */
async function repeat(): Promise<void> {
  await settleAll();
  timers.advance(60);
}

describe('sending marks', () => {
  test('every other member gets the mark, and once it has it, no more', async () => {
    sender.send(5, 4, three);
    for (const link of links) link.deliver(service);
    const expected = { name: 'web-1', incarnation: 1001, version: 5, complete: 4 };
    expect(marked).toEqual([expected, expected]);
    await repeat();
    await repeat();
    expect(links.map(({ requests }) => requests.length)).toEqual([0, 0]);
  });
  test('a receiver draws higher numbers than the sender of a mark has drawn', () => {
    sender.send(5, 4, three);
    links[0]!.deliver(service);
    expect(receiver.copies.sequence()).toEqual({ high: 2, low: 700 });
  });
  test('a mark that was lost, or that nobody kept, is sent again', async () => {
    sender.send(5, 4, three);
    links[0]!.lose();
    isMainThere = false;
    links[1]!.deliver(service);
    await repeat();
    isMainThere = true;
    expect(links.map(({ requests }) => requests.length)).toEqual([1, 1]);
    for (const link of links) link.deliver(service);
    await repeat();
    expect(links.map(({ requests }) => requests.length)).toEqual([0, 0]);
  });
  test('a mark is on its way once, however long its reply takes', async () => {
    sender.send(5, 4, three);
    for (let nth = 0; nth < 10; nth++) await repeat();
    expect(links.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });
  test('a newer mark replaces the one that is on its way', async () => {
    sender.send(5, 4, three);
    const newer = adoptedBy(topologyWith(3, { version: 6 }), memberWith(1));
    sender.send(6, 5, newer);
    for (const link of links) link.deliverAll(service);
    await repeat();
    expect(marked.filter(({ version }) => version === 6)).toHaveLength(2);
    expect(links.map(({ requests }) => requests.length)).toEqual([0, 0]);
  });
  test('a member that is down needs no mark', async () => {
    for (const link of links) link.isDown = true;
    sender.send(5, 4, three);
    await repeat();
    const down = memberWith(2, { state: 'down' });
    sender.follow(
      adoptedBy(topologyWith([memberWith(1), down, memberWith(3)], { version: 6 }), memberWith(1)),
    );
    for (const link of links) link.isDown = false;
    await repeat();
    await repeat();
    expect(links.map(({ requests }) => requests.length)).toEqual([0, 1]);
  });
});
