import { ByteSink, type CodedError } from '../../base/index.ts';
import { BINARY_STATUS, BinaryReplies, DIALECT, type Request } from '../../protocol/index.ts';

const ERROR_CHARACTERS_MAX = 200;
const SINK_BYTES = 512;
const NO_BYTES = Buffer.alloc(0);

/** What the reply to a request needs of it, after its session has gone on. */
export interface ReplyFacts {
  readonly isText: boolean;
  /** `noreply` of the classic protocol suppresses every reply, also an error. */
  readonly isSilent: boolean;
  readonly isQuiet: boolean;
  readonly opcode: number;
  readonly opaque: number;
}

export function replyFacts({ dialect, noreply, opcode, opaque }: Request): ReplyFacts {
  const isSilent = noreply && dialect === DIALECT.classic;
  return { isText: dialect !== DIALECT.binary, isSilent, isQuiet: noreply, opcode, opaque };
}

/** The message of an error, as far as one line may have it. */
export function errorWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replaceAll(/[^ -~]+/g, ' ').slice(0, ERROR_CHARACTERS_MAX);
}

/** Encodes the replies that a thread makes for requests which other nodes should have answered. */
export class LateReplies {
  readonly #sink = new ByteSink(SINK_BYTES);
  readonly #binary = new BinaryReplies(this.#sink);

  /** The reply to a request without a result, such as `flush_all`. */
  done(facts: ReplyFacts): Buffer {
    if (facts.isQuiet) return NO_BYTES;
    if (facts.isText) this.#sink.putText('OK\r\n');
    else this.#binary.success(facts);
    return this.#take();
  }

  /** SERVER_ERROR, or its counterpart, with the message of the error. */
  failure(facts: ReplyFacts, error: CodedError): Buffer {
    if (facts.isSilent) return NO_BYTES;
    const words = errorWords(error);
    if (facts.isText) this.#sink.putText(`SERVER_ERROR ${words}\r\n`);
    else this.#binary.text(facts, BINARY_STATUS.internalError, words);
    return this.#take();
  }

  #take(): Buffer {
    const { bytes, at } = this.#sink;
    this.#sink.at = 0;
    return Buffer.from(bytes.subarray(0, at));
  }
}
