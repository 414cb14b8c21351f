import type { ApiError } from './errors.ts';
import type { Operation } from './operation.ts';

/** One API of AWS: its names, and its operations. Parsers, writers and handlers follow from it. */
export interface ApiTable {
  /** As signatures have it. */
  readonly service: string;
  readonly version: string;
  /** Of its XML. */
  readonly namespace: string;
  /** What `X-Amz-Target` begins with; undefined: its clients send no JSON. */
  readonly target?: string;
  readonly jsonVersion?: '1.0' | '1.1';
  /** Whether its clients of JSON want the codes of the Query protocol, too. */
  readonly isQueryCompatible?: true;
  /** The names that its errors have in JSON, by their codes, if they are others. */
  readonly errorNames?: Readonly<Record<string, string>>;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Why an operation is none of these, if that is known. */
  readonly whyNot?: (operation: string) => ApiError | undefined;
}
