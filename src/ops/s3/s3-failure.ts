import { CodedError, counted, machineClock } from '../../base/index.ts';
import { textOf } from './xml.ts';

/** A failure of S3 or of its credentials. */
export function s3Failure(message: string, cause?: unknown): CodedError {
  return new CodedError('ERR_S3', message, { cause });
}

/** What a message names of a request. */
export interface RequestFacts {
  /** `s3://bucket/key`. */
  readonly url: string;
  /** The permission that the request needs. */
  readonly action: string;
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
  /** Where the credentials come from. */
  readonly source: string;
}

/** A reply with an error. */
interface RefusedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly page: string;
}

/** A reply of S3 that refuses a request. Its message says what to do. */
export class S3Refusal extends CodedError {
  /** The code of S3, such as `NoSuchKey`; the status of a reply without one. */
  readonly s3Code: string;
  readonly status: number;

  constructor(facts: RequestFacts, reply: RefusedReply) {
    const s3Code = textOf(reply.page, 'Code') ?? CODES[reply.status] ?? `HTTP ${reply.status}`;
    super('ERR_S3', sentenceOf(s3Code, facts, reply));
    this.s3Code = s3Code;
    this.status = reply.status;
  }

  /** Whether the same request may succeed a moment later. */
  get isTemporary(): boolean {
    if (this.status === 501) return false;
    return this.status >= 500 || this.status === 429 || TEMPORARY.has(this.s3Code);
  }

  /** Whether new credentials may help. */
  get isExpired(): boolean {
    return this.s3Code === 'ExpiredToken' || this.s3Code === 'RequestExpired';
  }
}

/** A reply to HEAD has no page. */
const CODES: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  403: 'AccessDenied',
  404: 'NoSuchKey',
  412: 'PreconditionFailed',
};

const TEMPORARY = new Set([
  'BadDigest',
  'IncompleteBody',
  'InternalError',
  'OperationAborted',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'XAmzContentSHA256Mismatch',
]);

const WRONG_REGION = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
  'TemporaryRedirect',
]);

function sentenceOf(code: string, facts: RequestFacts, reply: RefusedReply): string {
  const { url, bucket, endpoint, action, source } = facts;
  if (WRONG_REGION.has(code)) return regionText(code, facts, reply);
  switch (code) {
    case 'NoSuchBucket':
      return `The bucket ${bucket} does not exist at ${endpoint}: create it, or correct its name.`;
    case 'NoSuchKey':
      return `There is no object ${url} at ${endpoint}: correct its name.`;
    case 'AccessDenied':
    case 'AllAccessDisabled':
      return (
        `S3 denies access to ${url}: allow ${action} to the credentials (${source}), in their ` +
        'policy and in that of the bucket.'
      );
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return (
        `S3 does not accept the credentials (${source}): ${code}. Check the access key and its ` +
        `secret, and that they belong to ${endpoint}.`
      );
    case 'ExpiredToken':
    case 'RequestExpired':
    case 'InvalidToken':
      return `The credentials (${source}) are no longer valid: ${code}. Get new ones.`;
    case 'RequestTimeTooSkewed':
      return `The clock of this machine is wrong${skewText(reply)}: set it, for example by NTP.`;
    case 'PreconditionFailed':
      return `The object ${url} was replaced in the meantime: start again.`;
    default:
      return `S3 refused ${action} of ${url} at ${endpoint}: ${code}${messageText(reply)}.`;
  }
}

function regionText(code: string, facts: RequestFacts, { headers, page }: RefusedReply): string {
  const named = headers['x-amz-bucket-region'] ?? textOf(page, 'Region');
  const { bucket, endpoint, region } = facts;
  const wrong = `The bucket ${bucket} is not in the region ${region}`;
  if (typeof named === 'string' && named !== region) return `${wrong}: set AWS_REGION=${named}.`;
  return `${wrong} of ${endpoint} (${code}): set AWS_REGION to the region of the bucket.`;
}

function skewText({ headers, page }: RefusedReply): string {
  const serverMs = Date.parse(textOf(page, 'ServerTime') ?? `${headers['date']}`);
  if (Number.isNaN(serverMs)) return '';
  const seconds = Math.round((machineClock.nowMs() - serverMs) / 1000);
  return ` by ${Math.abs(seconds)} s (${seconds > 0 ? 'ahead of' : 'behind'} that of S3)`;
}

function messageText({ status, page }: RefusedReply): string {
  const message = textOf(page, 'Message')?.replace(/\.$/, '');
  return ` (HTTP ${status}${message === undefined ? '' : `, ${message}`})`;
}

/** A connection that failed as often as it was tried. */
export function unreachable({ endpoint }: RequestFacts, tries: number, cause: Error): CodedError {
  const isCertificate = /certificate/i.test(cause.message);
  const advice = isCertificate
    ? 'set AWS_CA_BUNDLE to the file of its CA'
    : 'check the network, AWS_REGION, and AWS_ENDPOINT_URL_S3 if it is another service';
  const failure = `Cannot reach S3 at ${endpoint}, tried ${counted(tries, 'time')}`;
  const text = `${failure}: ${cause.message}; ${advice}.`;
  return s3Failure(text, cause);
}
