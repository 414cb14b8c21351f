import type { IncomingRequest } from '../../access/caller.ts';
import type { ApiError } from '../errors.ts';
import type { Fields } from '../fields.ts';

interface OpenRequest {
  /** As the request names it; `''` if it names none. */
  readonly operation: string;
  /** The members that an operation has. @throws {ApiError} */
  readonly read: (fields: Fields) => object;
}

interface Written {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The bytes of requests and replies of one API in one protocol; pure. */
export interface Wire {
  readonly contentType: string;
  /** @throws {ApiError} if there is nothing to read. */
  open(request: IncomingRequest): OpenRequest;
  /** `fields` undefined: the reply has no result. */
  reply(
    operation: string,
    fields: Fields | undefined,
    output: object | undefined,
    requestId: string,
  ): string;
  error(error: ApiError, requestId: string): Written;
}
