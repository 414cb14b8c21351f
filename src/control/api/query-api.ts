import { randomUUID } from 'node:crypto';
import { CodedError, type Logger, sha256 } from '../../base/index.ts';
import type { IncomingRequest } from '../access/caller.ts';
import { ApiError } from './errors.ts';
import type { Fields } from './fields.ts';
import { FOREIGN_OPERATIONS } from './model/replication.ts';
import { isOperation, NAMESPACE, OPERATIONS, type OperationName, VERSION } from './operations.ts';
import { type FormNode, parseForm } from './query.ts';
import { readMembers } from './read-members.ts';
import { ReplyMemory } from './reply-memory.ts';
import { errorXml, replyXml } from './xml.ts';

export interface HttpReply {
  readonly status: number;
  readonly requestId: string;
  readonly body: string;
}

/** What does the operations. */
interface Operations {
  /**
   * Runs an operation, with members as its table has them.
   * @throws {ApiError}
   */
  run(operation: OperationName, input: object, accessKeyId: string): object | undefined;
}

interface QueryApiParts {
  readonly service: Operations;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** ElastiCache's API in AWS's Query protocol: a form in, XML out. */
export class QueryApi {
  readonly #parts: QueryApiParts;
  readonly #memory = new ReplyMemory();

  constructor(parts: QueryApiParts) {
    this.#parts = parts;
  }

  /** Always answers: an error is a reply, too. */
  answer(request: IncomingRequest, accessKeyId: string): HttpReply {
    const requestId = randomUUID();
    try {
      return this.#execute(request, accessKeyId, requestId);
    } catch (error) {
      return this.failure(error, requestId);
    }
  }

  failure(error: unknown, requestId: string = randomUUID()): HttpReply {
    const shown = error instanceof ApiError ? error : this.#unexpected(error, requestId);
    const body = errorXml(shown, { namespace: NAMESPACE, requestId });
    return { status: shown.status, requestId, body };
  }

  #execute(request: IncomingRequest, accessKeyId: string, requestId: string): HttpReply {
    const form = parseForm(request.method === 'GET' ? request.query : request.body.toString());
    const operation = operationOf(form);
    const key = changeKey(operation, request, accessKeyId);
    const now = this.#parts.nowMs();
    const kept = key === undefined ? undefined : this.#memory.get(key, now);
    if (kept !== undefined) return { ...kept, requestId };
    const { input, output }: { input: Fields; output: Fields | undefined } = OPERATIONS[operation];
    const result = this.#parts.service.run(operation, readMembers(form, input), accessKeyId);
    const body = replyXml(operation, output, result, { namespace: NAMESPACE, requestId });
    const reply = { status: 200, body };
    if (key !== undefined) this.#memory.keep(key, reply, now);
    return { ...reply, requestId };
  }

  #unexpected(error: unknown, requestId: string): ApiError {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#parts.log.error({ requestId, reason }, 'A request of the API failed by a bug.');
    const text = error instanceof CodedError ? error.message : 'An internal error has occurred.';
    return new ApiError('InternalFailure', text);
  }
}

function operationOf(form: FormNode): OperationName {
  const action = form.parts.get('Action')?.value ?? '';
  const version = form.parts.get('Version')?.value ?? VERSION;
  if (version !== VERSION) {
    throw new ApiError(
      'NoSuchVersion',
      `The API has version ${VERSION}, not the one of the request.`,
    );
  }
  if (isOperation(action)) return action;
  if (action === '') throw new ApiError('MissingAction', 'The request has no Action.');
  const code = Object.hasOwn(FOREIGN_OPERATIONS, action) ? FOREIGN_OPERATIONS[action] : undefined;
  if (code === undefined) throw new ApiError('InvalidAction', 'There is no such Action.');
  throw new ApiError(code, `${action} is only for Redis and Valkey: these clusters are Memcached.`);
}

/**
 * What the same request has again: the id that an SDK gives to all its tries, with a hash of what
 * it asks.
 * Undefined: the request changes nothing, or has no such id.
 */
function changeKey(
  operation: OperationName,
  { headers, query, body }: IncomingRequest,
  accessKeyId: string,
): string | undefined {
  const id = headers['amz-sdk-invocation-id'];
  if (id === undefined || /^(?:Describe|List)/.test(operation)) return undefined;
  return JSON.stringify([
    accessKeyId,
    id.slice(0, 100),
    query.length,
    sha256(Buffer.concat([Buffer.from(query), body])),
  ]);
}
