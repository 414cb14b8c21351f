import { expect, test } from 'vitest';
import { linesOf } from '../../../../src/cli/log/lines.ts';

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 2, 3, 5, 100])(
  'lines are whole however they arrive, in pieces of %i',
  async (size) => {
    const bytes = Buffer.from('one\n\nzwö…🙂\nthe rest');
    const lines: string[] = [];
    for await (const line of linesOf(piecesOf(bytes, size))) lines.push(line);
    expect(lines).toEqual(['one', '', 'zwö…🙂']);
  },
);

test('a line without an end is an error, not memory', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) yield Buffer.alloc(10_000, 'x');
  }
  const reading = (async () => {
    for await (const _ of linesOf(endless()));
  })();
  await expect(reading).rejects.toThrow('it sent a line without an end');
});
