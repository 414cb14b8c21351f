const line = (text: string): Uint8Array => Buffer.from(`${text}\r\n`, 'latin1');

/** memcached's replies to invalid meta requests. */
export const META_ERRORS = {
  flagsAreTooLong: line('CLIENT_ERROR options flags are too long'),
  flagsTooLong: line('CLIENT_ERROR options flags too long'),
  duplicate: line('CLIENT_ERROR duplicate flag'),
  invalid: line('CLIENT_ERROR invalid flag'),
  invalidOrDuplicate: line('CLIENT_ERROR invalid or duplicate flag'),
  badToken: line('CLIENT_ERROR bad token in command line format'),
  badKey: line('CLIENT_ERROR error decoding key'),
  badModeLength: line('CLIENT_ERROR incorrect length for M token'),
  badInitial: line('CLIENT_ERROR invalid numeric initial value'),
  badDelta: line('CLIENT_ERROR invalid numeric delta value'),
  badSetMode: line('CLIENT_ERROR invalid mode for ms M token'),
  badArithmeticMode: line('CLIENT_ERROR invalid mode for ma M token'),
  opaqueTooLong: line('CLIENT_ERROR opaque token too long'),
};
