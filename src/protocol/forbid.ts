import { BINARY_STATUS } from './binary/wire.ts';
import { DIALECT, isStorage, type Request, VERB } from './request.ts';
import { CLASSIC_LINES } from './text/classic-lines.ts';

const CRLF_BYTES = 2;

/**
 * Makes a decoded request invalid, because its client may not send it. The session skips its value.
 */
export function forbid(request: Request): void {
  const { dialect } = request;
  if (isStorage(request.verb)) {
    request.skipBytes = request.valueBytes + (dialect === DIALECT.binary ? 0 : CRLF_BYTES);
  }
  request.verb = VERB.invalid;
  request.errorReply = CLASSIC_LINES.notPermitted;
  request.errorStatus = BINARY_STATUS.authFailure;
  // As for other errors, only `noreply` of the classic protocol suppresses the reply.
  if (dialect !== DIALECT.classic) request.noreply = false;
}
