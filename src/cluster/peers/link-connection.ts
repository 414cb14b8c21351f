import {
  type Frame,
  FrameDecoder,
  HANDSHAKE_PAYLOAD_BYTES_MAX,
  KIND,
  MalformedFrame,
  PAYLOAD_BYTES_MAX,
} from '../../protocol/peer.ts';
import type { Transport, TransportEvents } from '../../server/index.ts';
import type { PeerIdentity } from './identity.ts';
import { LinkHandshake, type LinkTarget } from './link-handshake.ts';
import type { PeerMachine, PeerTimer } from './machine.ts';

/** What a connection reports to its link. */
interface LinkEvents {
  /** The handshake is complete. */
  readonly up: (transport: Transport) => void;
  /** Bytes have arrived. */
  readonly heard: () => void;
  readonly reply: (frame: Frame) => void;
  readonly drained: () => void;
  /**
   * The connection has closed; nothing follows. `isEnd`: the other side has closed it, or there is
   * none, as when its process ends.
   */
  readonly lost: (reason: string, isEnd: boolean) => void;
}

/** One connection of a link: from the attempt to connect to its end. */
export class LinkConnection implements TransportEvents {
  readonly #events: LinkEvents;
  readonly #decoder: FrameDecoder;
  readonly #transport: Transport;
  readonly #timer: PeerTimer;
  /** Undefined once the handshake is complete. */
  #handshake: LinkHandshake | undefined;
  #isOver = false;

  constructor(
    target: LinkTarget,
    identity: PeerIdentity,
    machine: PeerMachine,
    connectMs: number,
    events: LinkEvents,
  ) {
    this.#events = events;
    this.#handshake = new LinkHandshake(identity, target, machine.nonce());
    this.#decoder = new FrameDecoder((frame) => this.#take(frame), HANDSHAKE_PAYLOAD_BYTES_MAX);
    this.#transport = machine.connect(target.peerAddress, this);
    this.#timer = machine.setTimer(
      () => this.#fail(`it has not completed the handshake within ${connectMs} ms`),
      connectMs,
    );
  }

  /** Closes the connection; it reports nothing more. */
  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#decoder.close();
    this.#transport.destroy();
  }

  readonly data = (bytes: Buffer, length: number): boolean => {
    if (this.#isOver) return false;
    this.#events.heard();
    try {
      return this.#decoder.feed(bytes, length);
    } catch (error) {
      if (!(error instanceof MalformedFrame)) throw error;
      this.#fail(error.message);
      return false;
    }
  };

  readonly end = (): void => this.#fail('it has closed the connection', true);

  readonly drain = (): void => {
    if (!this.#isOver) this.#events.drained();
  };

  readonly close = (error: Error | undefined): void => {
    this.#fail(error === undefined ? 'it has closed the connection' : error.message, true);
  };

  #take(frame: Frame): boolean {
    if (this.#handshake !== undefined) this.#advance(this.#handshake, frame);
    else if (frame.kind === KIND.reply) this.#events.reply(frame);
    else this.#fail(`it has sent a frame of kind ${frame.kind}`);
    return !this.#isOver;
  }

  #advance(handshake: LinkHandshake, frame: Frame): void {
    const step = handshake.take(frame);
    if (step === 'complete') {
      this.#timer.cancel();
      this.#handshake = undefined;
      this.#decoder.payloadBytesMax = PAYLOAD_BYTES_MAX;
      this.#events.up(this.#transport);
    } else if ('failed' in step) this.#fail(step.failed);
    else this.#transport.write(step.send, step.send.length);
  }

  #fail(reason: string, isEnd = false): void {
    if (this.#isOver) return;
    this.destroy();
    this.#events.lost(reason, isEnd);
  }
}
