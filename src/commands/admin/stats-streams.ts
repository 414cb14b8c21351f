/** The long replies of stats, in pieces. */
import type { ByteSink } from '../../base/index.ts';
import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type { StoreView } from '../../store/index.ts';
import type { ReplyStream } from '../reply-stream.ts';
import { statWriter, type WriteStat } from './inspect.ts';
import type { NodeControl } from './node-control.ts';
import { DUMP_END, type PrefixStats } from './prefixes.ts';

/** A piece ends after this much output, or after so many steps. */
const PIECE_BYTES = 32 * 1024;
const STEPS_PER_PIECE = 32;
const CONNECTIONS_PER_STEP = 64;
const SIZES_PER_STEP = 1024;

/** A table that a topic of stats shows, by the numbers of its places. */
interface StatsTable {
  /** The places that one step reads. */
  readonly placesPerStep: number;
  /** Above the last place that may have rows. */
  end(): number;
  /** Writes the rows of the places `first` … `end` - 1. */
  write(first: number, end: number, put: WriteStat): void;
}

/** `stats conns`. */
export function connectionTable(node: NodeControl): StatsTable {
  return {
    placesPerStep: CONNECTIONS_PER_STEP,
    end: () => node.connectionIdsEnd(),
    write: (first, end, put) => {
      for (const view of node.connections(first, end)) {
        const { id, address, listenAddress, state, idleSeconds } = view;
        put(`${id}:addr`, address);
        put(`${id}:listen_addr`, listenAddress);
        put(`${id}:state`, state);
        put(`${id}:secs_since_last_cmd`, idleSeconds);
      }
    },
  };
}

/** `stats sizes`: the number of items of each size, which includes the item header. */
export function sizeTable(view: StoreView): StatsTable {
  return {
    placesPerStep: SIZES_PER_STEP,
    end: () => view.sizesEnd(),
    write: (first, end, put) => {
      for (const [bytes, items] of view.sizes(first, end)) put(String(bytes), items);
    },
  };
}

/** Writes the rows of a table in pieces. */
export class TableStats implements ReplyStream {
  readonly canBeTruncated = true;
  readonly #table: StatsTable;
  readonly #request: Request;
  readonly #reply: ReplyWriter;
  readonly #put: WriteStat;
  #next = 0;

  /** The session keeps the request until the reply is complete. */
  constructor(table: StatsTable, request: Request, reply: ReplyWriter) {
    this.#table = table;
    this.#request = request;
    this.#reply = reply;
    this.#put = statWriter(request, reply);
  }

  write(sink: ByteSink): boolean {
    const table = this.#table;
    const start = sink.at;
    const end = table.end();
    for (let steps = 0; steps < STEPS_PER_PIECE && this.#next < end; steps++) {
      if (sink.at - start > PIECE_BYTES) break;
      table.write(this.#next, this.#next + table.placesPerStep, this.#put);
      this.#next += table.placesPerStep;
    }
    if (this.#next < end) return false;
    this.#reply.statsEnd(this.#request);
    return true;
  }

  /** The reply holds no resources between two pieces. */
  abandon(): void {}
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
