/**
 * A failure that the world caused, not a bug: a taken port, a value out of range, a file that is not there.
 * The message is a sentence for a person: what happened, to what, and what to do.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  /** Stable; programs match it, never the message. Such as `ERR_PORT_TAKEN`. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
