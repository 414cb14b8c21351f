import { CodedError } from '../../base/index.ts';

/**
 * The codes of ElastiCache's errors that have another status than 400. Source: botocore's model of
 * `elasticache` 2015-02-02; the codes of a refused signature are those of all services of AWS.
 */
const STATUS: Readonly<Record<string, number>> = {
  IncompleteSignature: 400,
  MissingAuthenticationToken: 403,
  InvalidClientTokenId: 403,
  SignatureDoesNotMatch: 403,
  AccessDenied: 403,
  ExpiredToken: 403,
  AuthorizationNotFound: 404,
  CacheClusterNotFound: 404,
  CacheParameterGroupNotFound: 404,
  CacheSecurityGroupNotFound: 404,
  GlobalReplicationGroupNotFoundFault: 404,
  NodeGroupNotFoundFault: 404,
  ReplicationGroupNotFoundFault: 404,
  ReservedCacheNodeAlreadyExists: 404,
  ReservedCacheNodeNotFound: 404,
  ReservedCacheNodesOfferingNotFound: 404,
  ServerlessCacheNotFoundFault: 404,
  ServerlessCacheSnapshotNotFoundFault: 404,
  ServiceUpdateNotFoundFault: 404,
  SnapshotNotFoundFault: 404,
  TagNotFound: 404,
  UserGroupNotFound: 404,
  UserNotFound: 404,
  InvalidCredentialsException: 408,
  InternalFailure: 500,
  ServiceUnavailable: 503,
};

/** A reply of the API that is an error; its message is for the caller. */
export class ApiError extends CodedError {
  /** The HTTP status. */
  get status(): number {
    return STATUS[this.code] ?? 400;
  }

  /** Whose fault it is. */
  get type(): 'Sender' | 'Receiver' {
    return this.status < 500 ? 'Sender' : 'Receiver';
  }
}

export const invalidValue = (message: string): ApiError =>
  new ApiError('InvalidParameterValue', message);

export const invalidCombination = (message: string): ApiError =>
  new ApiError('InvalidParameterCombination', message);
