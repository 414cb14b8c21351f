/** The pages of a listing; a marker is the last id of the page before. */
import { ApiError, invalidValue } from '../api/errors.ts';

const RECORDS = { min: 20, max: 100 };
const RESULTS_MAX = 50;

interface PageRequest {
  readonly MaxRecords?: number | undefined;
  readonly Marker?: string | undefined;
}

interface Page<T> {
  readonly Marker?: string | undefined;
  readonly records: readonly T[];
}

/**
 * One page of records.
 * @param read the records after an id, in the order of their ids, and so many of them.
 * @throws {ApiError} `InvalidParameterValue`
 */
export function pageOf<T>(
  { MaxRecords: limit = RECORDS.max, Marker }: PageRequest,
  idOf: (record: T) => string,
  read: (after: string, limit: number) => readonly T[],
): Page<T> {
  if (limit < RECORDS.min || limit > RECORDS.max) {
    throw invalidValue(`MaxRecords is ${limit}; it must be ${RECORDS.min} to ${RECORDS.max}.`);
  }
  return pageAfter(Marker, limit, idOf, read);
}

function pageAfter<T>(
  marker: string | undefined,
  limit: number,
  idOf: (record: T) => string,
  read: (after: string, limit: number) => readonly T[],
): Page<T> {
  const records = read(marker === undefined ? '' : idIn(marker), limit + 1);
  if (records.length <= limit) return { records };
  const page = records.slice(0, limit);
  return { records: page, Marker: markerOf(idOf(page.at(-1)!)) };
}

interface TokenRequest {
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
}

interface TokenPage<T> {
  readonly NextToken?: string | undefined;
  readonly records: readonly T[];
}

/**
 * As `pageOf`, with the names of the operations of serverless caches.
 * @throws {ApiError} `InvalidParameterValue`
 */
export function tokenPageOf<T>(
  { MaxResults: limit = RESULTS_MAX, NextToken }: TokenRequest,
  idOf: (record: T) => string,
  read: (after: string, limit: number) => readonly T[],
): TokenPage<T> {
  if (limit < 1 || limit > RESULTS_MAX) {
    throw invalidValue(`MaxResults is ${limit}; it must be 1 to ${RESULTS_MAX}.`);
  }
  const { records, Marker } = pageAfter(NextToken, limit, idOf, read);
  return { records, NextToken: Marker };
}

/** One page of records that are all in memory, in the order of their ids. */
export function pageIn<T>(
  request: PageRequest,
  idOf: (record: T) => string,
  all: readonly T[],
): Page<T> {
  return pageOf(request, idOf, (after, limit) =>
    all.filter((record) => idOf(record) > after).slice(0, limit),
  );
}

const markerOf = (id: string): string => Buffer.from(`after:${id}`).toString('base64url');

function idIn(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (text.startsWith('after:')) return text.slice('after:'.length);
  throw new ApiError('InvalidParameterValue', 'The Marker is none that this service has given.');
}
