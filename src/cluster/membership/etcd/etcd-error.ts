import { CodedError } from '../../../base/index.ts';

/** Codes of gRPC that etcd's gateway puts into its errors. */
const GRPC = { deadline: 4, notFound: 5, unavailable: 14, unauthenticated: 16 } as const;

/** etcd refused a request, or cannot be reached; the message is a sentence that says what to do. */
export class EtcdError extends CodedError {
  /** The code of gRPC; undefined if no etcd replied. */
  readonly grpcCode: number | undefined;

  constructor(code: string, message: string, grpcCode?: number, options?: ErrorOptions) {
    super(code, message, options);
    this.grpcCode = grpcCode;
  }
}

/** The lease has run out, or etcd has forgotten it: its keys are gone. */
export const isLeaseLost = (error: unknown): boolean =>
  error instanceof EtcdError && error.grpcCode === GRPC.notFound;

/** What the gateway sends with a status other than 200, and in a stream. */
export interface GatewayFailure {
  readonly message: string;
  readonly code: number;
}

/** Another endpoint may do what this one cannot: it has no leader, or has been cut off. */
export const isUnavailable = ({ code }: GatewayFailure): boolean =>
  code === GRPC.unavailable || code === GRPC.deadline;

/** A login again may help: the token has expired, or users have changed. */
export const isTokenRefused = ({ message, code }: GatewayFailure): boolean =>
  code === GRPC.unauthenticated ||
  message.includes('invalid auth token') ||
  message.includes('revision of auth store is old');

/** The error of a request that etcd has refused. */
export function refusal(origin: string, { message, code }: GatewayFailure): EtcdError {
  const text = message.replace(/^etcdserver: /, '');
  if (/user name is empty|authentication failed|invalid auth token/.test(message)) {
    const advice = 'give the user and the password of etcd (--join-login-file)';
    return new EtcdError('ERR_ETCD_LOGIN', `etcd at ${origin} says "${text}": ${advice}.`, code);
  }
  if (message.includes('permission denied')) {
    const advice = 'grant the user readwrite on the keys below /slabring/';
    return new EtcdError('ERR_ETCD_LOGIN', `etcd at ${origin} says "${text}": ${advice}.`, code);
  }
  return new EtcdError('ERR_ETCD', `etcd at ${origin} says "${text}".`, code);
}

/** The error of a request that no endpoint has replied to. */
export function unreachable(reasons: readonly string[]): EtcdError {
  const advice = 'Check that etcd runs, and that this machine reaches it.';
  return new EtcdError('ERR_ETCD_DOWN', `No etcd replies: ${reasons.join('; ')}. ${advice}`);
}
