/** The data of an entry is 65,536 bytes at the most (ElastiCache's `config_size_max`). */
const DATA_BYTES_MAX = 65_536;
/** A line longer than this is no line of such a reply. */
const LINE_BYTES_MAX = 512;
/** What follows the data. */
const TAIL = '\r\nEND\r\n';

/** What the bytes received so far say; a refusal is a whole line that is no entry. */
export type ConfigReply =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'entry'; readonly data: Buffer }
  /** The node knows the command, or not; it has no such entry either way. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly line: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * The reply to `config get cluster`, or to `get AmazonElastiCache:cluster`, from its first byte on:
 *
 *     CONFIG cluster 0 <bytes>\r\n <data> \r\nEND\r\n        VALUE <key> 0 <bytes>\r\n <data> \r\nEND\r\n
 */
export function decodeConfigReply(input: Buffer): ConfigReply {
  const lineEnd = input.indexOf('\r\n');
  if (lineEnd < 0) {
    return input.length > LINE_BYTES_MAX ? malformed('a line without an end') : INCOMPLETE;
  }
  const line = input.toString('latin1', 0, lineEnd);
  if (line === 'END' || line === 'ERROR') return { kind: 'none' };
  const [, digits] = /^(?:CONFIG|VALUE) \S+ \d+ (\d{1,7})(?: \d+)?$/.exec(line) ?? [];
  if (digits === undefined) return { kind: 'refused', line: line.slice(0, LINE_BYTES_MAX) };
  return decodeData(input, lineEnd + 2, Number(digits));
}

function decodeData(input: Buffer, start: number, length: number): ConfigReply {
  if (length > DATA_BYTES_MAX) return malformed(`an entry of ${length} bytes`);
  const end = start + length;
  const tail = input.toString('latin1', end, end + TAIL.length);
  if (!TAIL.startsWith(tail)) return malformed('data longer or shorter than it says');
  if (tail.length < TAIL.length) return INCOMPLETE;
  return { kind: 'entry', data: input.subarray(start, end) };
}

const INCOMPLETE: ConfigReply = { kind: 'incomplete' };

function malformed(reason: string): ConfigReply {
  return { kind: 'malformed', reason };
}
