import { type Frame, PEER_STATUS, readMark } from '../../protocol/peer.ts';
import type { ItemCopies } from '../../store/index.ts';
import type { Mark } from './marks.ts';
import type { FrameSource } from './state-service.ts';
import type { TopologyView } from './topology-view.ts';

interface MarkServiceParts {
  readonly copies: Pick<ItemCopies, 'raiseSequence'>;
  readonly view: TopologyView;
  /** Tells the main thread; resolves once that has the mark. */
  marked(mark: Mark): Promise<unknown>;
}

/**
 * Takes the marks of peers: the main thread keeps them, and tells all threads. A node that becomes
 * primary draws higher numbers than the peer has drawn, also if the peer had no item to send.
 */
export class MarkService {
  readonly #parts: MarkServiceParts;

  constructor(parts: MarkServiceParts) {
    this.#parts = parts;
  }

  /** Answers a mark, once. */
  receive(frame: Frame, from: FrameSource): void {
    const { id, version } = frame;
    const { name, incarnation } = from;
    const { copies, view, marked } = this.#parts;
    const { complete, sequence } = readMark(frame);
    copies.raiseSequence(sequence.high, sequence.low);
    marked({ name, incarnation, version, complete }).then(
      () => from.reply(id, PEER_STATUS.ok, view.version),
      () => from.reply(id, PEER_STATUS.failed, view.version),
    );
  }
}
