import { type ByteSink, CodedError } from '../../src/base/index.ts';
import { adoptedBy } from '../../src/cluster/thread/adopted.ts';
import type { Forwarder } from '../../src/cluster/thread/forwarder.ts';
import { SingleForward } from '../../src/cluster/thread/single-forward.ts';
import { TopologyView } from '../../src/cluster/thread/topology-view.ts';
import { DIALECT } from '../../src/protocol/index.ts';
import {
  beginForwardReplies,
  ForwardView,
  type Frame,
  KIND,
  type PeerStatus,
  putForwardReply,
} from '../../src/protocol/peer.ts';
import type { Member } from '../../src/topology/index.ts';
import { ManualTimers } from './manual-timers.ts';
import { received } from './peer-frames.ts';

type Settle = (reply: Frame | CodedError) => void;

/** A link to a member, which the test answers. */
class ManualLink {
  readonly isUp = true;
  /** `dialect role request` of each request. */
  readonly requests: string[] = [];
  /** How many requests each frame has. */
  readonly frames: number[] = [];
  /** Whether the turn ends after each request. */
  endsTurns = true;
  readonly #settles: Settle[] = [];
  readonly #late: (() => void)[] = [];

  beforeFlush(send: () => void): void {
    this.#late.push(send);
    if (this.endsTurns) this.endTurn();
  }

  endTurn(): void {
    for (const send of this.#late.splice(0)) send();
  }

  send(_kind: number, _version: number, payload: unknown, settle: Settle): void {
    const frame = received(KIND.forward, payload as (to: ByteSink) => void);
    const view = new ForwardView();
    view.read(frame);
    for (let nth = 0; nth < view.count; nth++) {
      const request = frame.bytes.toString('latin1', view.startOf(nth), view.endOf(nth));
      this.requests.push(`${view.dialect} ${view.role} ${request}`);
    }
    this.frames.push(view.count);
    this.#settles.push(settle);
  }

  /** Replies to the oldest frame, which has one request. */
  reply(status: PeerStatus, text: string, version = 1): void {
    this.replyAll([[status, text]], version);
  }

  /** Replies to each request of the oldest frame. */
  replyAll(replies: readonly (readonly [PeerStatus, string])[], version = 1): void {
    const frame = received(KIND.reply, (sink) => {
      beginForwardReplies(sink, replies.length);
      for (const [status, text] of replies) putForwardReply(sink, status, text.length);
      for (const [, text] of replies) sink.putText(text);
    });
    Object.assign(frame, { version });
    this.#settles.shift()!(frame);
  }

  fail(error: CodedError): void {
    this.#settles.shift()!(error);
  }
}

const MEMBERS: readonly Member[] = [0, 1, 2].map((nth) => ({
  name: `node-${nth}`,
  address: `127.0.0.1:200${nth}`,
  peerAddress: `127.0.0.1:300${nth}`,
  weight: 1,
  zone: '',
  incarnation: 1,
  state: 'serving',
}));

/** A Forwarder of member 0, between a test and three links. */
export class ForwarderHarness {
  readonly links = MEMBERS.map(() => new ManualLink());
  readonly #timers = new ManualTimers();
  readonly #view = new TopologyView(this.#timers);
  readonly forwarder: Forwarder;
  /** Where each key is, when the forwarder looks again. */
  place = 1;
  placeOf: (key: string) => number = () => this.place;

  /** `create` makes the forwarder under test of these parts. */
  constructor(create: (...parts: ConstructorParameters<typeof Forwarder>) => Forwarder) {
    this.forwarder = create({
      view: this.#view,
      timers: this.#timers,
      routes: {
        to: (peer) => {
          const at = MEMBERS.findIndex(({ name }) => name === peer.name);
          const { address } = MEMBERS[at]!;
          return { peer, address, link: this.links[at]! };
        },
      },
      itemBytesMax: 1024 * 1024,
      seat: { locate: (bytes, start, end) => this.placeOf(bytes.toString('latin1', start, end)) },
      execution: {
        run: ({ bytes }, settle) => settle(Buffer.from(`executed here: ${bytes}END\r\n`)),
      },
    });
    this.adopt(1);
  }

  adopt(version: number): void {
    const fields = { cluster: 'web', replicas: 1, replication: 'sync' } as const;
    this.#view.current = adoptedBy({ ...fields, version, members: MEMBERS }, MEMBERS[0]!);
    this.#view.wake();
    this.forwarder.adopted();
  }

  advance(ms: number): void {
    this.#timers.advance(ms);
  }

  /** Forwards a request in classic text; `reply` is its reply, or `code message`. */
  forward(member: number, request: string): { readonly reply: string | undefined } {
    const sent: { reply: string | undefined } = { reply: undefined };
    const dialect = request.startsWith('m') ? DIALECT.meta : DIALECT.classic;
    const fields = { dialect, role: 'readwrite', itemsMax: 1 } as const;
    const run = new SingleForward(fields, Buffer.from(request), (reply) => {
      const isError = reply instanceof CodedError;
      sent.reply = isError ? `${reply.code} ${reply.message}` : reply.toString('latin1');
    });
    this.forwarder.forward(member, run);
    return sent;
  }
}
