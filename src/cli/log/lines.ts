import { StringDecoder } from 'node:string_decoder';

/** No line of a log is longer, in bytes. */
const LINE_CHARACTERS_MAX = 64 * 1024;

/**
 * Splits a stream into lines, also empty ones.
 * @throws {Error} for a line without an end.
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop()!;
    if (rest.length > LINE_CHARACTERS_MAX) throw new Error('it sent a line without an end');
    yield* lines;
  }
}
