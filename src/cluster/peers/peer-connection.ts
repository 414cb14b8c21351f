import { assert } from '../../base/index.ts';
import {
  encodeChallenge,
  type Frame,
  FrameDecoder,
  HANDSHAKE_PAYLOAD_BYTES_MAX,
  KIND,
  MalformedFrame,
  PAYLOAD_BYTES_MAX,
  PEER_STATUS,
  type PeerStatus,
  PING_BYTES_MAX,
} from '../../protocol/peer.ts';
import type { Transport, TransportEvents } from '../../server/index.ts';
import { FrameOutput, type PeerPayload } from './frame-output.ts';
import type { PeerIdentity } from './identity.ts';
import { judgeHello } from './listener-handshake.ts';
import type { PeerMachine, PeerTimer } from './machine.ts';
import type { ListenerLimits } from './peer-limits.ts';

/** What serves the requests of peers. */
export interface PeerService {
  /** Whether this member may connect: it has proved that it knows the secret. */
  accepts(name: string, incarnation: number): boolean;
  /**
   * Serves a request: it calls `from.reply` once, now or later. The frame is valid only during the
   * call. It may throw a `MalformedFrame`, which closes the connection.
   */
  request(frame: Frame, from: PeerConnection): void;
  /** The connection has closed: replies to its requests go nowhere. */
  closed?(from: PeerConnection): void;
}

/** What a connection shares with its listener. */
export interface ConnectionContext {
  readonly identity: PeerIdentity;
  readonly service: PeerService;
  readonly machine: PeerMachine;
  readonly limits: ListenerLimits;
  /** The handshake of the connection has ended, one way or the other. */
  readonly settled: (connection: PeerConnection) => void;
  /** The connection has closed; `reason` unless the peer closed it after the handshake. */
  readonly closed: (connection: PeerConnection, reason: string | undefined) => void;
}

const REQUEST_KINDS = new Set<number>([
  ...[KIND.forward, KIND.states, KIND.fill, KIND.mark, KIND.flush, KIND.ping],
]);

/** The connection of a peer that this node has accepted. */
export class PeerConnection implements TransportEvents {
  /** The address of the other end. */
  readonly from: string;
  /** The member at the other end; empty and 0 before the handshake is complete. */
  name = '';
  incarnation = 0;
  readonly #context: ConnectionContext;
  readonly #output = new FrameOutput();
  readonly #decoder: FrameDecoder;
  readonly #transport: Transport;
  readonly #timer: PeerTimer;
  readonly #nonce: Buffer;
  #state: 'handshake' | 'open' | 'closed' = 'handshake';
  #unanswered = 0;
  /** Whether it decodes now: its replies leave at the end of that. */
  #isDecoding = false;
  #isPlanned = false;
  #isPaused = false;

  constructor(
    context: ConnectionContext,
    open: (events: TransportEvents) => Transport,
    from: string,
  ) {
    this.from = from;
    this.#context = context;
    this.#decoder = new FrameDecoder((frame) => this.#take(frame), HANDSHAKE_PAYLOAD_BYTES_MAX);
    const { machine, limits } = context;
    this.#nonce = machine.nonce();
    const late = `it has not completed the handshake within ${limits.handshakeMs} ms`;
    this.#timer = machine.setTimer(() => this.destroy(late), limits.handshakeMs);
    this.#transport = open(this);
    this.#output.attach(this.#transport);
    this.#write(encodeChallenge(this.#nonce));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Requests without a reply. */
  get unansweredCount(): number {
    return this.#unanswered;
  }

  /** The memory that it holds for its peer. */
  get heldBytes(): number {
    return this.#decoder.heldBytes + this.#output.backlogBytes;
  }

  /** Replies to the request with this id. A payload that is too large becomes a failure. */
  reply(id: number, status: PeerStatus, version: number, payload?: PeerPayload): void {
    if (this.#state !== 'open') return;
    this.#unanswered--;
    assert(this.#unanswered >= 0, 'a peer service replies once');
    const bytes = this.#output.put(KIND.reply, status, id, version, payload);
    if (bytes === 0) this.#replyTooLarge(id, version);
    if (!this.#isDecoding) this.#plan();
  }

  /** Closes the connection. */
  destroy(reason?: string): void {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#state = 'closed';
    this.#timer.cancel();
    this.#decoder.close();
    this.#output.detach();
    this.#transport.destroy();
    if (!wasOpen) this.#context.settled(this);
    this.#context.closed(this, reason);
    if (wasOpen) this.#context.service.closed?.(this);
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#state === 'closed') return false;
    this.#decode(() => this.#decoder.feed(bytes, length));
    return !this.#isPaused;
  };

  readonly end = (): void => this.destroy(this.isOpen ? undefined : 'it has left the handshake');

  readonly drain = (): void => {
    if (this.#state === 'closed') return;
    this.#output.drained();
    this.#goOn();
  };

  readonly close = (error: Error | undefined): void => this.destroy(error?.message);

  #take(frame: Frame): boolean {
    if (this.#state === 'handshake') this.#judge(frame);
    else this.#request(frame);
    return this.#mayDecode();
  }

  #judge(frame: Frame): void {
    const { identity, service } = this.#context;
    const accepts = (name: string, incarnation: number) => service.accepts(name, incarnation);
    const { send, peer, reason } = judgeHello(frame, this.#nonce, identity, accepts);
    this.#write(send);
    if (peer === undefined) {
      this.destroy(reason);
      return;
    }
    this.#timer.cancel();
    this.#state = 'open';
    this.name = peer.name;
    this.incarnation = peer.incarnation;
    this.#decoder.payloadBytesMax = PAYLOAD_BYTES_MAX;
    this.#context.settled(this);
  }

  #request(frame: Frame): void {
    if (!REQUEST_KINDS.has(frame.kind)) {
      throw new MalformedFrame(`it has sent a frame of kind ${frame.kind}`);
    }
    if (frame.kind === KIND.ping && frame.payloadBytes > PING_BYTES_MAX) {
      throw new MalformedFrame(`it has sent a ping of ${frame.payloadBytes} bytes`);
    }
    this.#unanswered++;
    this.#context.service.request(frame, this);
  }

  #decode(run: () => boolean): void {
    this.#isDecoding = true;
    try {
      this.#isPaused = !run();
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.destroy(error.message);
    } finally {
      this.#isDecoding = false;
    }
    if (this.#state !== 'closed') this.#output.flush();
    if (this.#isPaused) this.#plan();
  }

  #mayDecode(): boolean {
    const { framesMax, bytesMax } = this.#context.limits;
    if (this.#state === 'closed') return false;
    return this.#unanswered < framesMax && this.#output.sink.at < bytesMax;
  }

  /** Writes the replies of this turn, and goes on if it was paused. */
  #plan(): void {
    if (this.#isPlanned || this.#state === 'closed') return;
    this.#isPlanned = true;
    this.#context.machine.soon(() => {
      this.#isPlanned = false;
      if (this.#state === 'closed') return;
      this.#output.flush();
      this.#goOn();
    });
  }

  #goOn(): void {
    if (!this.#isPaused || !this.#mayDecode()) return;
    this.#decode(() => this.#decoder.resume());
    if (!this.#isPaused) this.#transport.resume();
  }

  /** Messages of the handshake do not wait for a turn. */
  #write(message: Buffer): void {
    this.#transport.write(message, message.length);
  }

  #replyTooLarge(id: number, version: number): void {
    const text = `The reply is too large for a frame: at most ${PAYLOAD_BYTES_MAX} bytes.`;
    this.#output.put(KIND.reply, PEER_STATUS.failed, id, version, Buffer.from(text));
  }
}
