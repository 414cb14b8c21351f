/** Requests that other members forward to this one: what it executes, and what it tells them. */
import { describe, expect, test } from 'vitest';
import { type ByteSink, CodedError } from '../../../../src/base/index.ts';
import { adoptedBy } from '../../../../src/cluster/thread/adopted.ts';
import { Execution } from '../../../../src/cluster/thread/execution.ts';
import { ForwardService } from '../../../../src/cluster/thread/forward-service.ts';
import { ADOPTION_MS_MAX, TopologyView } from '../../../../src/cluster/thread/topology-view.ts';
import { DIALECT } from '../../../../src/protocol/index.ts';
import {
  ForwardRepliesView,
  KIND,
  PEER_STATUS,
  putForwardEnd,
  putForwardHead,
} from '../../../../src/protocol/peer.ts';
import { memberWith, topologyWith } from '../../../support/cluster-topologies.ts';
import { ManualTimers } from '../../../support/manual-timers.ts';
import { received } from '../../../support/peer-frames.ts';

const STATUS_NAMES = Object.keys(PEER_STATUS);

/** A service of which the test decides what its session answers. */
class Harness {
  readonly timers = new ManualTimers();
  readonly view = new TopologyView(this.timers);
  /** What the session answers to the next request. */
  answer: string = 'END\r\n';
  executed: string[] = [];
  /** What has left, as `status version text`. */
  readonly replies: string[] = [];
  hasChanges = false;
  mayAnswer = true;
  acknowledge: ((error?: CodedError) => void) | undefined;
  decide: { resolve: () => void; reject: (error: CodedError) => void } | undefined;
  /** How often the changes were sealed. */
  sealCount = 0;
  #take: (() => (error?: CodedError) => void) | undefined;
  readonly #service: ForwardService;

  constructor() {
    const session = {
      answer: (_dialect: number, role: string, bytes: Buffer) => {
        this.executed.push(`${role} ${bytes.toString()}`);
        const { answer } = this;
        return answer === 'notMine' || answer === 'undecided' ? answer : Buffer.from(answer);
      },
      answerFirst: (_dialect: number, _role: string, bytes: Buffer, start: number) => {
        const lines = bytes.toString('latin1', start).split('\r\n');
        return lines.findIndex((line) => line !== 'simple');
      },
      firstReplies: Buffer.from('fast\r\n'.repeat(4)),
      firstReplyEnd: (nth: number) => 6 * (nth + 1),
    };
    const harness = this;
    const seat = {
      get hasChanges() {
        return harness.hasChanges;
      },
      mayAnswer: () => this.mayAnswer,
      settled: () => new Promise<void>((resolve, reject) => (this.decide = { resolve, reject })),
      join: (take: () => (error?: CodedError) => void) => {
        this.#take = take;
      },
      seal: () => {
        this.seal();
        return true;
      },
    };
    this.#service = new ForwardService(this.view, new Execution(session, seat));
    this.adopt(5);
  }

  /** An input of the thread seals the changes of all. */
  seal(): void {
    this.sealCount++;
    this.acknowledge = this.#take?.();
  }

  adopt(version: number): void {
    this.view.adopt(adoptedBy(topologyWith(3, { version }), memberWith(1)));
    this.view.wake();
  }

  take(request: string, version = 5): void {
    this.takeAll([request], version);
  }

  takeAll(requests: readonly string[], version = 5): void {
    const frame = received(KIND.forward, (sink) => {
      putForwardHead(sink, DIALECT.classic, 1, requests.length);
      for (let nth = 1; nth <= requests.length; nth++) {
        putForwardEnd(sink, requests.slice(0, nth).join('').length);
      }
      sink.putText(requests.join(''));
    });
    Object.assign(frame, { id: 1, version });
    this.#service.take(frame, {
      reply: (_id, _status, own, payload) => {
        const reply = received(KIND.reply, payload as (sink: ByteSink) => void);
        const view = new ForwardRepliesView();
        view.read(reply, requests.length);
        let at = view.start;
        const texts = requests.map((_request, nth) => {
          const text = reply.bytes.toString('latin1', at, at + view.bytesOf(nth));
          at += view.bytesOf(nth);
          return `${STATUS_NAMES[view.statusOf(nth)]} ${own} ${text}`.trim();
        });
        this.replies.push(texts.join(', '));
      },
    });
    // The bytes of a frame are valid only during the call.
    frame.bytes.fill(0);
  }
}

/** Lets promises and microtasks run. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('forwarded requests', () => {
  test('a request is executed with the role of its client, and answered', () => {
    const harness = new Harness();
    harness.take('get k\r\n');
    expect(harness.executed).toEqual(['readwrite get k\r\n']);
    expect(harness.replies).toEqual(['ok 5 END']);
  });

  test('each request of a frame has its own reply, in order', () => {
    const harness = new Harness();
    harness.takeAll(['simple\r\n', 'get k\r\n', 'simple\r\n', 'simple\r\n']);
    expect(harness.executed).toEqual(['readwrite get k\r\n']);
    expect(harness.replies).toEqual(['ok 5 fast, ok 5 END, ok 5 fast, ok 5 fast']);
  });

  test('the replies of a frame wait for the last of them', async () => {
    const harness = new Harness();
    harness.answer = 'undecided';
    harness.takeAll(['simple\r\n', 'get k\r\n']);
    expect(harness.replies).toEqual([]);
    harness.answer = 'END\r\n';
    harness.decide!.resolve();
    await turn();
    expect(harness.replies).toEqual(['ok 5 fast, ok 5 END']);
  });

  test('a request from a member with an older topology is executed if the key is here', () => {
    const harness = new Harness();
    harness.take('get k\r\n', 4);
    expect(harness.replies).toEqual(['ok 5 END']);
  });

  test('a member with an older topology learns that there is a newer one', () => {
    const harness = new Harness();
    harness.answer = 'notMine';
    harness.take('get k\r\n', 4);
    expect(harness.replies).toEqual(['newer 5']);
  });

  test('a request with a newer topology waits until this node has it', () => {
    const harness = new Harness();
    harness.answer = 'notMine';
    harness.take('get k\r\n', 6);
    expect(harness.replies).toEqual([]);
    harness.answer = 'END\r\n';
    harness.adopt(6);
    expect(harness.executed.at(-1)).toBe('readwrite get k\r\n');
    expect(harness.replies).toEqual(['ok 6 END']);
  });

  test('a request with a newer topology fails if this node does not adopt it in time', () => {
    const harness = new Harness();
    harness.answer = 'notMine';
    harness.take('get k\r\n', 6);
    harness.timers.advance(ADOPTION_MS_MAX);
    expect(harness.replies).toEqual(['failed 5 it has not adopted topology 6 in time']);
  });

  test('a request for a key that no topology puts here is refused and counted', () => {
    const harness = new Harness();
    harness.answer = 'notMine';
    harness.take('get k\r\n');
    expect(harness.replies).toEqual(['notMine 5']);
  });

  test('a request waits until this node may answer for its key', async () => {
    const harness = new Harness();
    harness.answer = 'undecided';
    harness.take('get k\r\n');
    expect(harness.replies).toEqual([]);
    harness.answer = 'END\r\n';
    harness.decide?.resolve();
    await turn();
    expect(harness.executed.at(-1)).toBe('readwrite get k\r\n');
    expect(harness.replies).toEqual(['ok 5 END']);
  });

  test('a request whose key is not decided in time fails with the reason', async () => {
    const harness = new Harness();
    harness.answer = 'undecided';
    harness.take('get k\r\n');
    harness.decide?.reject(new CodedError('ERR_HANDOVER', 'no mark came'));
    await turn();
    expect(harness.replies).toEqual(['failed 5 no mark came']);
  });

  test('the replies to changes of one turn wait for one acknowledgement', async () => {
    const harness = new Harness();
    harness.hasChanges = true;
    harness.answer = 'STORED\r\n';
    harness.take('set k 0 0 1\r\nx\r\n');
    harness.take('set l 0 0 1\r\nx\r\n');
    await turn();
    expect(harness.replies).toEqual([]);
    harness.acknowledge?.();
    expect(harness.replies).toEqual(['ok 5 STORED', 'ok 5 STORED']);
  });

  test('a reply waits if another input of the thread seals its changes first', async () => {
    const harness = new Harness();
    harness.hasChanges = true;
    harness.answer = 'STORED\r\n';
    harness.take('set k 0 0 1\r\nx\r\n');
    harness.seal();
    harness.hasChanges = false;
    await turn();
    expect([harness.replies, harness.sealCount]).toEqual([[], 1]);
    harness.acknowledge?.();
    expect(harness.replies).toEqual(['ok 5 STORED']);
  });

  test('a change that no receiver acknowledges fails', async () => {
    const harness = new Harness();
    harness.hasChanges = true;
    harness.take('set k 0 0 1\r\nx\r\n');
    await turn();
    harness.acknowledge?.(new CodedError('ERR_RECEIVER_LOST', 'a receiver is lost'));
    expect(harness.replies).toEqual(['failed 5 a receiver is lost']);
  });

  test('no reply leaves a node that has lost its right to answer', () => {
    const harness = new Harness();
    harness.mayAnswer = false;
    harness.take('get k\r\n');
    const reason = 'it cannot be sure that no other node answers for this key now';
    expect(harness.replies).toEqual([`failed 5 ${reason}`]);
  });
});
