/** What the two text dialects share on the client's side. */
import type { ByteSink } from '../../base/index.ts';
import { MalformedReply, type Reply } from '../client/reply.ts';
import type { ReplyInput } from '../client/reply-input.ts';

const CRLF = Buffer.from('\r\n');
const ASCII_END = 0x80;
/** Text up to this length is written by a loop: a call costs more (measured: about 60 ns). */
const LOOP_CHARS_MAX = 48;
const KEY_BYTES_MAX = 250;
/** The most that a line holds beside its key and constants: numbers of up to 20 digits. */
const NUMBERS_BYTES_MAX = 128;
/** What a line of one key can take. */
export const LINE_BYTES_MAX = KEY_BYTES_MAX * 3 + NUMBERS_BYTES_MAX;

/** Appends a key; there must be room for three bytes a character. */
export function putKey(sink: ByteSink, key: string): void {
  if (key.length > LOOP_CHARS_MAX || !putAscii(sink, key)) {
    sink.at += sink.bytes.write(key, sink.at, 'utf8');
  }
}

/** Appends text that is ASCII; appends nothing, and says so, when it is not. */
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

export function valueBytesOf(value: string | Uint8Array): number {
  return typeof value === 'string' ? Buffer.byteLength(value, 'utf8') : value.length;
}

/** `ERROR`, `CLIENT_ERROR …`, `SERVER_ERROR …` are a refusal; anything else makes no sense here. */
export function takeRefusal(input: ReplyInput, lineEnd: number, reply: Reply): void {
  const line = input.takeLine(lineEnd);
  if (!/^(ERROR|CLIENT_ERROR|SERVER_ERROR)\b/.test(line)) throw strange(line);
  reply.refuse(line);
}

export function strange(line: string): MalformedReply {
  return new MalformedReply(`not an answer to this command: ${JSON.stringify(line.slice(0, 80))}`);
}
