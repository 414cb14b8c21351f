import { ByteSink, CodedError } from '../../src/base/index.ts';
import type { PeerPayload } from '../../src/cluster/peers/frame-output.ts';
import { beginFrame, endFrame, Frame, KIND, PEER_STATUS } from '../../src/protocol/peer.ts';

type Settle = (reply: Frame | CodedError) => void;

/** A frame as it arrives at the other side. */
export function arrived(
  kind: number,
  status: number,
  version: number,
  payload?: PeerPayload,
): Frame {
  const sink = new ByteSink(1024);
  const at = beginFrame(sink, kind, status, 1, version);
  if (typeof payload === 'function') payload(sink);
  else if (payload !== undefined) {
    sink.ensure(payload.length);
    sink.putRange(payload, 0, payload.length);
  }
  endFrame(sink, at);
  const frame = new Frame();
  frame.show(Buffer.from(sink.bytes.subarray(0, sink.at)));
  frame.readHeader(0, 64 * 1024 * 1024);
  return frame;
}

/** A request that was sent over a HeldLink; the test delivers it, or settles it itself. */
export interface HeldRequest {
  readonly frame: Frame;
  readonly settle: Settle;
}

/** What takes requests at the other side. */
export interface Receiver {
  receive(
    frame: Frame,
    from: {
      readonly name: string;
      readonly incarnation: number;
      reply(id: number, status: number, version: number, payload?: PeerPayload): void;
    },
  ): void;
}

/** A link whose requests arrive when the test says so, in any order. */
export class HeldLink {
  readonly requests: HeldRequest[] = [];
  isDown = false;
  readonly #from: { readonly name: string; readonly incarnation: number };

  constructor(from: { readonly name: string; readonly incarnation: number }) {
    this.#from = from;
  }

  send(kind: number, version: number, payload: PeerPayload, settle: Settle): void {
    if (this.isDown) {
      queueMicrotask(() => settle(new CodedError('ERR_PEER_DOWN', 'The peer is down.')));
      return;
    }
    this.requests.push({ frame: arrived(kind, 0, version, payload), settle });
  }

  /** Delivers the request at this place of the queue, and its reply. */
  deliver(receiver: Receiver, nth = 0): void {
    const [request] = this.requests.splice(nth, 1);
    if (request === undefined) throw new Error('the link has no such request');
    receiver.receive(request.frame, {
      ...this.#from,
      reply: (_, status, version, payload) =>
        request.settle(arrived(KIND.reply, status, version, payload)),
    });
  }

  /** Delivers requests until none is left, also those that replies cause. */
  deliverAll(receiver: Receiver): void {
    while (this.requests.length > 0) this.deliver(receiver);
  }

  /** Answers the oldest request without any effect. */
  answer(status: number = PEER_STATUS.ok): void {
    this.requests.shift()!.settle(arrived(KIND.reply, status, 1));
  }

  /** The connection breaks: the requests on the way may have arrived or not. */
  lose(): void {
    const lost = new CodedError('ERR_PEER_LOST', 'The connection was lost.');
    for (const { settle } of this.requests.splice(0)) settle(lost);
  }
}
