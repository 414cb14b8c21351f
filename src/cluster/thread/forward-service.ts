import { CodedError } from '../../base/index.ts';
import { ROLES } from '../../commands/index.ts';
import { DIALECT } from '../../protocol/index.ts';
import { ForwardView, type Frame, MalformedFrame, PEER_STATUS } from '../../protocol/peer.ts';
import type { PeerConnection } from '../peers/peer-connection.ts';
import type { Execution, ForwardedRequest, Outcome } from './execution.ts';
import type { TopologyView } from './topology-view.ts';

type From = Pick<PeerConnection, 'reply'>;

/** Which request a reply is for, and the topology by which its sender sent it here. */
interface Asked {
  readonly from: From;
  readonly id: number;
  readonly version: number;
}

const DIALECTS = Object.values(DIALECT);

/**
 * Executes the requests that other members forward. A member with an older topology may have sent
 * one to the wrong node, and asks again once it has the newer one. If this node has the older
 * topology, the request waits until it has adopted the newer one.
 */
export class ForwardService {
  readonly #view: TopologyView;
  readonly #execution: Pick<Execution, 'run'>;
  readonly #forward = new ForwardView();
  /** Requests that this node should have had the key of, by both topologies: always 0. */
  disagreementCount = 0;
  servedCount = 0;

  constructor(view: TopologyView, execution: Pick<Execution, 'run'>) {
    this.#view = view;
    this.#execution = execution;
  }

  /** @throws {MalformedFrame} if the frame has no request. */
  take(frame: Frame, from: From): void {
    const forward = this.#forward;
    forward.read(frame);
    const dialect = DIALECTS[forward.dialect];
    const role = ROLES[forward.role];
    if (dialect === undefined || role === undefined) {
      throw new MalformedFrame('it forwards a request of an unknown dialect or role');
    }
    this.servedCount++;
    const bytes = frame.bytes.subarray(forward.start, frame.end);
    this.#execute({ dialect, role, bytes }, { from, id: frame.id, version: frame.version });
  }

  #execute(request: ForwardedRequest, asked: Asked): void {
    this.#execution.run(request, (outcome) => this.#settle(outcome, request, asked));
  }

  #settle(outcome: Outcome, request: ForwardedRequest, { from, id, version }: Asked): void {
    const own = this.#view.version;
    if (outcome instanceof CodedError) {
      from.reply(id, PEER_STATUS.failed, own, Buffer.from(outcome.message));
    } else if (outcome !== 'notMine') from.reply(id, PEER_STATUS.ok, own, outcome);
    else if (version > own) this.#wait(request, { from, id, version });
    else if (version < own) from.reply(id, PEER_STATUS.newer, own);
    else {
      this.disagreementCount++;
      from.reply(id, PEER_STATUS.notMine, own);
    }
  }

  #wait({ dialect, role, bytes }: ForwardedRequest, asked: Asked): void {
    const request = { dialect, role, bytes: Buffer.from(bytes) };
    this.#view.whenAdopted(asked.version, (isAdopted) => {
      if (isAdopted) this.#execute(request, asked);
      else {
        const text = `it has not adopted topology ${asked.version} in time`;
        asked.from.reply(asked.id, PEER_STATUS.failed, this.#view.version, Buffer.from(text));
      }
    });
  }
}
