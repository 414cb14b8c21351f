/** Parts of the client's half that the classic and the meta protocol share. */
import type { ByteSink } from '../../base/index.ts';
import { MalformedReply, type Reply } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';
import { KEY_BYTES_MAX } from '../limits.ts';

const CRLF = Buffer.from('\r\n');
const ASCII_END = 0x80;
/** Up to this length a loop writes text faster than `Buffer.write` (measured: 60 ns a call). */
const LOOP_CHARS_MAX = 48;
/** The most bytes of the numbers in a line, each of up to 20 digits. */
const NUMBERS_BYTES_MAX = 128;
/** The most bytes of a line with one key: 3 bytes for each UTF-16 unit of the key. */
export const LINE_BYTES_MAX = KEY_BYTES_MAX * 3 + NUMBERS_BYTES_MAX;

/** Appends a key. The caller has reserved three bytes for each UTF-16 unit. */
export function putKey(sink: ByteSink, key: string): void {
  if (key.length > LOOP_CHARS_MAX || !putAscii(sink, key)) {
    sink.at += sink.bytes.write(key, sink.at, 'utf8');
  }
}

/** Appends ASCII text; for other text it appends nothing and returns false. */
function putAscii(sink: ByteSink, text: string): boolean {
  const { bytes, at } = sink;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= ASCII_END) return false;
    bytes[at + i] = code;
  }
  sink.at = at + text.length;
  return true;
}

/** Appends a value and its CRLF. */
export function putValue(sink: ByteSink, value: string | Uint8Array): void {
  if (typeof value === 'string') {
    sink.ensure(value.length * 3 + CRLF.length);
    if (value.length > LOOP_CHARS_MAX || !putAscii(sink, value)) {
      sink.at += sink.bytes.write(value, sink.at, 'utf8');
    }
  } else {
    sink.ensure(value.length + CRLF.length);
    sink.bytes.set(value, sink.at);
    sink.at += value.length;
  }
  sink.putConstant(CRLF);
}

/**
 * Consumes an error line: `ERROR`, `CLIENT_ERROR …` or `SERVER_ERROR …`.
 * @throws {MalformedReply} for any other line.
 */
export function takeErrorLine(input: ReplyInput, lineEnd: number, reply: Reply): void {
  const line = input.takeLine(lineEnd);
  if (!/^(ERROR|CLIENT_ERROR|SERVER_ERROR)\b/.test(line)) throw unexpectedLine(line);
  reply.refuse(line);
}

export function unexpectedLine(line: string): MalformedReply {
  return new MalformedReply(`not a reply to this request: ${JSON.stringify(line.slice(0, 80))}`);
}
