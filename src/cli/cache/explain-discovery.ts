import { type CacheError, NoReply } from '../../client/index.ts';
import { type NodeAddress, readNodes } from '../../topology/index.ts';
import {
  CLOSED_TLS,
  LOGIN_REJECTED,
  LOGIN_REQUIRED,
  type Reason,
  reasonOfSystem,
  TLS_REQUIRED,
} from './connection-reasons.ts';
import { speaksTls } from './speaks-tls.ts';

/** Explains why a discovery found no nodes: for each endpoint that it asked. */
export async function explainDiscovery(error: CacheError, usesTls: boolean): Promise<Reason> {
  const { cause } = error;
  if (!(cause instanceof AggregateError))
    return about(reasonOfSystem(cause) ?? { reason: error.message });
  const reasons = await Promise.all(cause.errors.map((each) => reasonOfEndpoint(each, usesTls)));
  const advice = reasons.find((each) => each.advice !== undefined)?.advice;
  return about({
    reason: reasons.map(({ reason }) => reason).join('; '),
    ...(advice === undefined ? {} : { advice }),
  });
}

function about({ reason, ...rest }: Reason): Reason {
  return { reason: `Cannot read the list of nodes: ${reason}`, ...rest };
}

/** The message of a failed endpoint is its name, and the message of the cause. */
async function reasonOfEndpoint(failure: unknown, usesTls: boolean): Promise<Reason> {
  if (!(failure instanceof Error) || !(failure.cause instanceof Error))
    return { reason: String(failure) };
  const { cause, message } = failure;
  const name = message.slice(0, -`: ${cause.message}`.length);
  const { reason, ...rest } = reasonOfSystem(cause) ?? (await reasonOfReply(cause, name, usesTls));
  return { reason: `${name}: ${reason}`, ...rest };
}

async function reasonOfReply(cause: Error, name: string, usesTls: boolean): Promise<Reason> {
  if (/requires a login/.test(cause.message)) return LOGIN_REQUIRED;
  if (/refused the login/.test(cause.message)) return LOGIN_REJECTED;
  if (!(cause instanceof NoReply)) return { reason: cause.message };
  if (usesTls) return CLOSED_TLS;
  const [node] = readNodes([name]) as [NodeAddress];
  if (await speaksTls(node)) return TLS_REQUIRED;
  return { reason: cause.message };
}
