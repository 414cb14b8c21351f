/** The long replies of stats, in pieces. */
import type { ByteSink } from '../../base/index.ts';
import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type { ReplyStream } from '../reply-stream.ts';
import type { NodeControl } from './node-control.ts';
import { DUMP_END, type PrefixStats } from './prefixes.ts';

/** A piece ends after this much output, or after so many places of the connection table. */
const PIECE_BYTES = 32 * 1024;
const PLACES_PER_STEP = 64;
const STEPS_PER_PIECE = 32;

/** `stats conns`. */
export class ConnectionStats implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #node: NodeControl;
  readonly #request: Request;
  readonly #reply: ReplyWriter;
  #next = 0;

  /** The session keeps the request until the reply is complete. */
  constructor(node: NodeControl, request: Request, reply: ReplyWriter) {
    this.#node = node;
    this.#request = request;
    this.#reply = reply;
  }

  write(sink: ByteSink): boolean {
    const start = sink.at;
    const end = this.#node.connectionIdsEnd();
    for (let steps = 0; steps < STEPS_PER_PIECE && this.#next < end; steps++) {
      if (sink.at - start > PIECE_BYTES) break;
      this.#writeRows(this.#next, this.#next + PLACES_PER_STEP);
      this.#next += PLACES_PER_STEP;
    }
    if (this.#next < end) return false;
    this.#reply.statsEnd(this.#request);
    return true;
  }

  /** The reply holds no resources between two pieces. */
  abandon(): void {}

  #writeRows(first: number, end: number): void {
    const put = (name: string, value: string): void => this.#reply.stat(this.#request, name, value);
    for (const view of this.#node.connections(first, end)) {
      const { id, address, listenAddress, state, idleSeconds } = view;
      put(`${id}:addr`, address);
      put(`${id}:listen_addr`, listenAddress);
      put(`${id}:state`, state);
      put(`${id}:secs_since_last_cmd`, String(idleSeconds));
    }
  }
}

/** `stats detail dump` in text. */
export class DetailDump implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #prefixes: PrefixStats;
  #position = 0;

  constructor(prefixes: PrefixStats) {
    this.#prefixes = prefixes;
  }

  write(sink: ByteSink): boolean {
    const start = sink.at;
    while (this.#position !== DUMP_END && sink.at - start < PIECE_BYTES) {
      this.#position = this.#prefixes.dump(sink, this.#position);
    }
    if (this.#position !== DUMP_END) return false;
    sink.putText('END\r\n');
    return true;
  }

  /** The reply holds no resources between two pieces. */
  abandon(): void {}
}

/** Writes the whole dump for the one packet of the binary protocol, whose length comes first. */
export function writeDetailDump(prefixes: PrefixStats, sink: ByteSink): void {
  const dump = new DetailDump(prefixes);
  while (!dump.write(sink));
}
