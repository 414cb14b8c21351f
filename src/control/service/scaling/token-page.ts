/** The pages of a listing with `NextToken`. */
import { ApiError } from '../../api/errors.ts';
import { invalid } from './lookups.ts';

const RESULTS_MAX = 50;

interface TokenRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

interface TokenPage<T> {
  readonly records: readonly T[];
  readonly NextToken?: string | undefined;
}

/**
 * One page of records, which are in the order of their ids.
 * @throws {ApiError} `ValidationException` or `InvalidNextTokenException`
 */
export function tokenPage<T extends { readonly id: string }>(
  { MaxResults: limit = RESULTS_MAX, NextToken }: TokenRequest,
  all: readonly T[],
): TokenPage<T> {
  if (limit < 1 || limit > RESULTS_MAX) {
    throw invalid(`MaxResults is ${limit}; it must be 1 to ${RESULTS_MAX}.`);
  }
  const after = NextToken === undefined ? '' : idIn(NextToken);
  const left = all.filter(({ id }) => id > after);
  const records = left.slice(0, limit);
  if (left.length <= limit) return { records };
  return { records, NextToken: tokenOf(records.at(-1)!.id) };
}

const tokenOf = (id: string): string => Buffer.from(`after:${id}`).toString('base64url');

function idIn(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('after:')) return text.slice('after:'.length);
  throw new ApiError('InvalidNextTokenException', 'The NextToken is none of this service.');
}
