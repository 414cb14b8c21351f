import { randomUUID } from 'node:crypto';
import { CodedError, type Logger, sha256 } from '../../base/index.ts';
import type { IncomingRequest } from '../access/caller.ts';
import type { ApiTable } from './api-table.ts';
import { ApiError } from './errors.ts';
import { ReplyMemory } from './reply-memory.ts';
import { jsonWire } from './wires/json-wire.ts';
import { queryWire } from './wires/query-wire.ts';
import type { Wire } from './wires/wire.ts';

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface ApiParts {
  readonly table: ApiTable;
  /**
   * Runs an operation of the table, with members as the table has them.
   * @throws {ApiError}
   */
  readonly run: (operation: string, input: object, accessKeyId: string) => object | undefined;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** One API of AWS, in the protocols that its clients speak. */
export class Api {
  readonly table: ApiTable;
  readonly #parts: ApiParts;
  readonly #memory = new ReplyMemory();

  constructor(parts: ApiParts) {
    this.table = parts.table;
    this.#parts = parts;
  }

  /** Always answers: an error is a reply, too. */
  answer(request: IncomingRequest, accessKeyId: string): HttpReply {
    const wire = this.#wireOf(request);
    const requestId = randomUUID();
    try {
      return replyOf(wire, requestId, this.#execute(wire, request, accessKeyId, requestId));
    } catch (error) {
      return this.failure(error, request, requestId);
    }
  }

  failure(
    error: unknown,
    request: Pick<IncomingRequest, 'headers'>,
    requestId: string = randomUUID(),
  ): HttpReply {
    const shown = error instanceof ApiError ? error : this.#unexpected(error, requestId);
    const wire = this.#wireOf(request);
    return replyOf(wire, requestId, wire.error(shown, requestId));
  }

  #wireOf({ headers }: Pick<IncomingRequest, 'headers'>): Wire {
    const isJson = headers['x-amz-target'] !== undefined && this.table.target !== undefined;
    return isJson ? jsonWire(this.table) : queryWire(this.table);
  }

  #execute(wire: Wire, request: IncomingRequest, accessKeyId: string, requestId: string) {
    const { operation, read } = wire.open(request);
    const found = this.#operation(operation);
    const key = changeKey(operation, request, accessKeyId);
    const now = this.#parts.nowMs();
    const kept = key === undefined ? undefined : this.#memory.get(key, now);
    if (kept !== undefined) return kept;
    const result = this.#parts.run(operation, read(found.input), accessKeyId);
    const body = wire.reply(operation, found.output, result, requestId);
    const reply = { status: 200, body };
    if (key !== undefined) this.#memory.keep(key, reply, now);
    return reply;
  }

  #operation(name: string): ApiTable['operations'][string] {
    const { operations, whyNot } = this.table;
    const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (found !== undefined) return found;
    if (name === '') throw new ApiError('MissingAction', 'The request has no Action.');
    throw whyNot?.(name) ?? new ApiError('InvalidAction', 'There is no such Action.');
  }

  #unexpected(error: unknown, requestId: string): ApiError {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.log.error({ requestId, reason }, 'A request of the API failed by a bug.');
    const text = error instanceof CodedError ? error.message : 'An internal error has occurred.';
    return new ApiError('InternalFailure', text);
  }
}

const replyOf = (
  { contentType }: Wire,
  requestId: string,
  { status, body, headers }: ReturnType<Wire['error']>,
): HttpReply => ({
  status,
  body,
  headers: { ...headers, 'content-type': contentType, 'x-amzn-requestid': requestId },
});

/**
 * What the same request has again: the id that an SDK gives to all its tries, with a hash of what
 * it asks.
 * Undefined: the request changes nothing, or has no such id.
 */
function changeKey(
  operation: string,
  { headers, query, body }: IncomingRequest,
  accessKeyId: string,
): string | undefined {
  const id = headers['amz-sdk-invocation-id'];
  if (id === undefined || /^(?:Describe|List|Get)/.test(operation)) return undefined;
  return JSON.stringify([
    accessKeyId,
    id.slice(0, 100),
    operation,
    query.length,
    sha256(Buffer.concat([Buffer.from(query), body])),
  ]);
}
