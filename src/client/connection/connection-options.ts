import type { Login, ProtocolChoice } from '../option-types/client.ts';
import type { SocketOptions } from './socket.ts';

export interface ConnectionOptions extends SocketOptions {
  readonly protocol: ProtocolChoice;
  readonly login: Login | undefined;
  /** The client skips a longer value. */
  readonly maxValueBytes: number;
  /** Connecting and the handshake together take at most this long. */
  readonly connectTimeoutMs: number;
  /** The node counts as down if it owes replies and sends no byte for this long. */
  readonly silenceMs: number;
}
