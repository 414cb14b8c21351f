import { CodedError } from '../../base/index.ts';
import type { PeerRoute } from './peer-routes.ts';

/** The errors of forwarded requests, as the client gets them behind `SERVER_ERROR`. */
export const forwardErrors = {
  /** The primary was not reached: the request was not executed. */
  unreachable({ address }: Pick<PeerRoute, 'address'>, { message }: Error): CodedError {
    const text = `the node ${address}, which has this key, does not answer: ${message}`;
    return new CodedError('ERR_FORWARD', text);
  },
  /** The connection broke while the request was on its way. */
  lost({ address }: Pick<PeerRoute, 'address'>, { message }: Error): CodedError {
    const text = `the node ${address}, which has this key, may have run the request: ${message}`;
    return new CodedError('ERR_FORWARD_LOST', text);
  },
  /** The primary has refused, and says why. */
  refused({ address }: Pick<PeerRoute, 'address'>, reason: string): CodedError {
    const text = `the node ${address}, which has this key, says: ${reason}`;
    return new CodedError('ERR_FORWARD', text);
  },
  /** Two nodes of one version say that the other is the primary: a bug. */
  disagreement({ address }: Pick<PeerRoute, 'address'>, version: number): CodedError {
    const text = `the node ${address} does not have this key in topology ${version}, but should`;
    return new CodedError('ERR_FORWARD_DISAGREEMENT', text);
  },
  /** The key has changed its node more often than a request follows it. */
  unsettled(): CodedError {
    return new CodedError('ERR_FORWARD', 'the key moves from node to node; try again');
  },
  nobody(): CodedError {
    return new CodedError('ERR_FORWARD', 'no node of the cluster has this key now');
  },
  busy(): CodedError {
    return new CodedError('ERR_FORWARD', 'too many requests wait for the nodes of their keys');
  },
  /** Another node may have taken over. */
  noRight(): CodedError {
    const text = 'it cannot be sure that no other node answers for this key now';
    return new CodedError('ERR_FORWARD', text);
  },
  stopped(): CodedError {
    return new CodedError('ERR_FORWARD', 'this node stops');
  },
} as const;
