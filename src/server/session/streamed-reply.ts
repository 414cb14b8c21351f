import type { ByteSink } from '../../base/index.ts';
import type { ReplyStream } from '../../commands/index.ts';
import type { Request } from '../../protocol/index.ts';
import type { RequestPool } from './request-pool.ts';

/** The long reply of one session, while it leaves in pieces. */
export class StreamedReply {
  readonly #requests: RequestPool;
  #stream: ReplyStream | undefined;
  #request: Request | undefined;

  constructor(requests: RequestPool) {
    this.#requests = requests;
  }

  get isActive(): boolean {
    return this.#stream !== undefined;
  }

  /** Whether a node that stops may omit the rest of the reply. */
  get canBeTruncated(): boolean {
    return this.#stream?.canBeTruncated === true;
  }

  /** `request` is what the stream replies to; a get keeps its own. */
  begin(stream: ReplyStream, request?: Request): void {
    this.#stream = stream;
    this.#request = request;
  }

  /** Writes the next piece; returns whether it was the last one. */
  write(sink: ByteSink): boolean {
    return this.#stream!.write(sink);
  }

  /** Ends the stream, complete or not. */
  end(): void {
    this.#stream?.abandon();
    if (this.#request !== undefined) this.#requests.recycle(this.#request);
    this.#stream = undefined;
    this.#request = undefined;
  }
}
