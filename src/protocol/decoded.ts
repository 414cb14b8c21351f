/** What a decoder returns instead of the number of bytes that it decoded. */

/** The request is incomplete: call again with more bytes. */
export const INCOMPLETE = 0;
/** No valid request can follow: close the connection without a reply. */
export const CLOSE = -1;
