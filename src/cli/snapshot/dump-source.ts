import type { CodedError } from '../../base/index.ts';
import type { Compression } from '../../ops/index.ts';

/** Which part of a file a dump becomes. */
export interface DumpInput {
  readonly compression: Compression;
  /** The id of the file: hexadecimal digits. */
  readonly id: string;
  readonly section: number;
}

/** A node whose items a dump takes. Every failure is a CodedError that names the node. */
export interface DumpSource {
  /** How messages call it. */
  readonly url: string;
  /** The bytes of one section. */
  dump(input: DumpInput): Promise<AsyncIterable<Buffer>>;
  failure(reason: string, cause?: unknown): CodedError;
}
