import type { InputOf, OutputOf } from '../api/operation.ts';
import type { OPERATIONS, OperationName } from '../api/operations.ts';
import type { SnapshotFiles } from '../state/snapshot-files.ts';
import type { StateFile } from '../state/state-file.ts';

/** What clusters may be, and where they are. */
export interface Limits {
  readonly nodesPerClusterMax: number;
  /** The first port that a cluster without a port of its own may get. */
  readonly firstPort: number;
  /** The host by which clients reach the nodes. */
  readonly host: string;
}

/** What an operation works with. It runs in one transaction, which its error undoes. */
export interface Context {
  readonly state: StateFile;
  readonly region: string;
  /** The version of slabring that is installed. */
  readonly version: string;
  readonly limits: Limits;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Tells an event of a resource. */
  readonly tell: (sourceType: string, sourceId: string, message: string) => void;
  /** After the transaction the reconciler looks at the cluster. */
  readonly changed: (clusterId: string) => void;
  /** Runs after the transaction, if it was not undone. */
  readonly after: (run: () => void) => void;
  readonly files: SnapshotFiles;
}

type Handler<N extends OperationName> = (
  input: InputOf<(typeof OPERATIONS)[N]>,
  context: Context,
) => OutputOf<(typeof OPERATIONS)[N]>;

/** The operations that have a meaning here. */
export type Handlers = { readonly [N in OperationName]?: Handler<N> };
