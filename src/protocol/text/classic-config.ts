import { INCOMPLETE } from '../decoded.ts';
import { CONFIG_BYTES_MAX, DATA_BYTES_MAX, KEY_BYTES_MAX } from '../limits.ts';
import { type Request, VERB } from '../request.ts';
import { CLASSIC_LINES, reject } from './classic-lines.ts';
import type { LineWords } from './line-words.ts';
import { readI32, readU32 } from './numbers.ts';

const LF = 0x0a;
const CR = 0x0d;

/**
 * `config get [<name> [<flags>]]`, `config delete <name>`, `config set <name> <flags> <bytes>`,
 * data. The flags of a get are those of the entry that the client has; 0 for none.
 */
export function decodeConfig(
  words: LineWords,
  input: Buffer,
  start: number,
  end: number,
  newline: number,
  request: Request,
): number {
  const lineBytes = newline + 1 - start;
  const action = words.text(input, 1);
  request.noreply = words.count > 3 && words.isNoreply(input);
  request.firstKey = 0;
  request.endKey = 0;
  if (words.count > 2) request.addKey(words.start(2), words.end(2));
  else request.addKey(newline, newline);
  const nameBytes = request.keyEnd(0) - request.keyStart(0);
  const isValid =
    words.isFreeOfNul && nameBytes <= KEY_BYTES_MAX && (words.count > 2 || action === 'get');
  const verb = action === 'get' ? VERB.configGet : VERB.configDelete;
  if (action === 'set') return decodeConfigSet(words, input, end, newline, lineBytes, request);
  const known = words.count > 3 ? readU32(input, words.start(3), words.end(3)) : 0;
  request.clientFlags = known > 0 ? known : 0;
  if (isValid && (action === 'get' || action === 'delete')) request.verb = verb;
  else reject(request, CLASSIC_LINES.unknownCommand);
  return lineBytes;
}

/** Waits for the data, too, because it is short. */
function decodeConfigSet(
  words: LineWords,
  input: Buffer,
  end: number,
  newline: number,
  lineBytes: number,
  request: Request,
): number {
  const flags = words.count > 4 ? readU32(input, words.start(3), words.end(3)) : Number.NaN;
  const length = words.count > 4 ? readI32(input, words.start(4), words.end(4)) : -1;
  const isLengthValid = length >= 0 && length <= DATA_BYTES_MAX;
  const nameBytes = request.keyEnd(0) - request.keyStart(0);
  if (!isLengthValid || flags < 0 || Number.isNaN(flags) || nameBytes > KEY_BYTES_MAX) {
    reject(request, words.count > 4 ? CLASSIC_LINES.badFormat : CLASSIC_LINES.unknownCommand);
    if (isLengthValid) request.skipBytes = length + 2;
    return lineBytes;
  }
  if (length > CONFIG_BYTES_MAX) {
    reject(request, CLASSIC_LINES.tooLarge);
    request.skipBytes = length + 2;
    return lineBytes;
  }
  const dataEnd = newline + 1 + length;
  if (end < dataEnd + 2) return INCOMPLETE;
  request.verb = VERB.configSet;
  request.clientFlags = flags;
  request.bodyStart = newline + 1;
  request.bodyEnd = dataEnd;
  if (input[dataEnd] !== CR || input[dataEnd + 1] !== LF) {
    reject(request, CLASSIC_LINES.badDataChunk);
  }
  return lineBytes + length + 2;
}
