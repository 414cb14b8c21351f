/** A cluster config has at most 65,536 bytes (ElastiCache's `config_size_max`). */
const DATA_BYTES_MAX = 65_536;
/** No valid reply has a longer line. */
const LINE_BYTES_MAX = 512;
/** The bytes after the data. */
const TAIL = '\r\nEND\r\n';

/** The meaning of the bytes received so far; `refused` is any other complete line. */
type ConfigReply =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'entry'; readonly data: Buffer }
  /** The node has no cluster config; it may not know the command (ERROR). */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly line: string }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Decodes the reply to `config get cluster` or `get AmazonElastiCache:cluster` from its first byte:
 *
 *     CONFIG cluster 0 <bytes>\r\n <data> \r\nEND\r\n
 *     VALUE <key> 0 <bytes>\r\n <data> \r\nEND\r\n
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
  if (!TAIL.startsWith(tail)) return malformed('the data has another length than announced');
  if (tail.length < TAIL.length) return INCOMPLETE;
  return { kind: 'entry', data: input.subarray(start, end) };
}

const INCOMPLETE: ConfigReply = { kind: 'incomplete' };

function malformed(reason: string): ConfigReply {
  return { kind: 'malformed', reason };
}
