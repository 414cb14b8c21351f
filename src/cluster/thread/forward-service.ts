import { CodedError } from '../../base/index.ts';
import { ROLES } from '../../commands/index.ts';
import { DIALECT } from '../../protocol/index.ts';
import { ForwardView, type Frame, MalformedFrame, PEER_STATUS } from '../../protocol/peer.ts';
import type { PeerConnection } from '../peers/peer-connection.ts';
import type { Execution, ForwardedRequest, Outcome } from './execution.ts';
import { ForwardReplies } from './forward-replies.ts';
import type { TopologyView } from './topology-view.ts';

type From = Pick<PeerConnection, 'reply'>;

type Executing = Pick<Execution, 'run' | 'answerFirst' | 'firstReplies' | 'firstReplyEnd'>;

/** Which request a reply is for, and the topology by which its sender sent it here. */
interface Asked {
  readonly replies: ForwardReplies;
  /** The number of the request in its frame. */
  readonly nth: number;
  readonly version: number;
}

const DIALECTS = Object.values(DIALECT);
const NO_BYTES = Buffer.alloc(0);
/** After so many requests in a row that are not simple, a frame tries none any more. */
const BARREN_RUNS_MAX = 2;

/**
 * Executes the requests that other members forward. A member with an older topology may have sent
 * one to the wrong node, and asks again once it has the newer one. If this node has the older
 * topology, the request waits until it has adopted the newer one.
 */
export class ForwardService {
  readonly #view: TopologyView;
  readonly #execution: Executing;
  readonly #forward = new ForwardView();
  /** Requests that this node should have had the key of, by both topologies: always 0. */
  disagreementCount = 0;
  servedCount = 0;

  constructor(view: TopologyView, execution: Executing) {
    this.#view = view;
    this.#execution = execution;
  }

  /** @throws {MalformedFrame} if the frame has no requests. */
  take(frame: Frame, from: From): void {
    const forward = this.#forward;
    forward.read(frame);
    const dialect = DIALECTS[forward.dialect];
    const role = ROLES[forward.role];
    if (dialect === undefined || role === undefined) {
      throw new MalformedFrame('it forwards a request of an unknown dialect or role');
    }
    this.servedCount += forward.count;
    const { bytes } = frame;
    const replies = new ForwardReplies(from, frame.id, forward.count, () => this.#view.version);
    let barrenRuns = 0;
    for (let nth = 0; nth < forward.count; nth++) {
      const answered =
        barrenRuns < BARREN_RUNS_MAX ? this.#answerFirst(dialect, role, frame, nth, replies) : 0;
      barrenRuns = answered === 0 ? barrenRuns + 1 : 0;
      nth += answered;
      if (nth >= forward.count) break;
      const own = bytes.subarray(forward.startOf(nth), forward.endOf(nth));
      this.#execute({ dialect, role, bytes: own }, { replies, nth, version: frame.version });
    }
  }

  /** Answers the simple requests from number `nth` on; returns how many. */
  #answerFirst(
    dialect: ForwardedRequest['dialect'],
    role: ForwardedRequest['role'],
    { bytes, end }: Frame,
    nth: number,
    replies: ForwardReplies,
  ): number {
    const { count } = this.#forward;
    const start = this.#forward.startOf(nth);
    const execution = this.#execution;
    const answered = execution.answerFirst(dialect, role, bytes, start, end, count - nth);
    if (answered > 0)
      replies.takeAll(nth, answered, execution.firstReplies, execution.firstReplyEnd);
    return answered;
  }

  #execute(request: ForwardedRequest, asked: Asked): void {
    this.#execution.run(request, (outcome) => this.#settle(outcome, request, asked));
  }

  #settle(outcome: Outcome, request: ForwardedRequest, { replies, nth, version }: Asked): void {
    const own = this.#view.version;
    if (outcome instanceof CodedError) {
      replies.take(nth, PEER_STATUS.failed, Buffer.from(outcome.message));
    } else if (outcome !== 'notMine') replies.take(nth, PEER_STATUS.ok, outcome);
    else if (version > own) this.#wait(request, { replies, nth, version });
    else if (version < own) replies.take(nth, PEER_STATUS.newer, NO_BYTES);
    else {
      this.disagreementCount++;
      replies.take(nth, PEER_STATUS.notMine, NO_BYTES);
    }
  }

  #wait({ dialect, role, bytes }: ForwardedRequest, asked: Asked): void {
    const request = { dialect, role, bytes: Buffer.from(bytes) };
    this.#view.whenAdopted(asked.version, (isAdopted) => {
      if (isAdopted) this.#execute(request, asked);
      else {
        const text = `it has not adopted topology ${asked.version} in time`;
        asked.replies.take(asked.nth, PEER_STATUS.failed, Buffer.from(text));
      }
    });
  }
}
