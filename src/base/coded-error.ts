/**
 * An error with a cause outside the program, not a bug: a port in use, a value out of range, a
 * missing file. The message tells a person what happened, to what, and what to do.
 */
export class CodedError extends Error {
  override readonly name = 'CodedError';
  /** Stable, such as `ERR_PORT_TAKEN`: programs compare the code, never the message. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
