/** The first words of the requests that the fast path knows, each of at most 8 bytes. */
const word = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export const WORDS: Readonly<Record<string, Uint8Array>> = {
  GET: word('get '),
  GETS: word('gets '),
  SET: word('set '),
  DELETE: word('delete '),
  TOUCH: word('touch '),
  NOREPLY: word(' noreply'),
  META_GET: word('mg '),
  META_SET: word('ms '),
  META_DELETE: word('md '),
  META_NOOP: word('mn\r\n'),
};
