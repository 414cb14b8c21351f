import type { Logger } from '../../base/index.ts';
import type { Store } from '../../store/index.ts';
import type { SessionContext } from '../session/context.ts';
import type { RequestSamples } from '../session/request-samples.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { OutputBuffers } from './output.ts';
import type { Refusal } from './refusal-log.ts';
import type { ThreadBuffers } from './thread-buffers.ts';
import type { EventFeed } from './watcher.ts';

/** The parts that the connections of one thread share. */
export interface ThreadContext {
  readonly session: SessionContext;
  readonly samples: RequestSamples;
  readonly store: Store;
  readonly output: OutputBuffers;
  /** The buffer that all connections of the thread read into. */
  readonly readBuffer: Buffer;
  readonly buffers: ThreadBuffers;
  readonly watchers: EventFeed;
  readonly table: ConnectionTable;
  readonly loginChecked: (slot: number, user: string, accepted: boolean) => void;
  /** Logs that the node closed a connection to protect itself. */
  readonly refused: (refusal: Refusal) => void;
  /** Undefined unless the log shows connections (`-vv`). */
  readonly debugLog: Logger | undefined;
}
