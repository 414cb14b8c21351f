import { describe, expect, test } from 'vitest';
import { ByteRing } from '../../../../src/ops/snapshot/byte-ring.ts';
import { Random, testSeed } from '../../../support/random.ts';

const SLOT_BYTES = 256 * 1024;
const SLOTS = 8;
const seed = testSeed();
const pass = (): void => {};
const stop = (): never => {
  throw new Error('the node stops');
};
const gone = expect.objectContaining({ code: 'ERR_SNAPSHOT_CANCELLED' });

/** Both sides of a ring. */
function pair() {
  const writer = new ByteRing();
  return { writer, reader: new ByteRing(writer.memory) };
}

/** Reads to the end, holding up to `held` slots. */
async function readAll(reader: ByteRing, held = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const bytes = await reader.receive();
    if (bytes === undefined) return Buffer.concat(pieces);
    pieces.push(Buffer.from(bytes));
    if (pieces.length > held) reader.release();
  }
}

describe('a ring of bytes between two threads', () => {
  test.each([0, 3])(
    `the reader gets all bytes in their order, with %i slots held, seed ${seed}`,
    async (held) => {
      const random = new Random(seed);
      const sent = Array.from({ length: 60 }, (_, nth) =>
        Buffer.alloc(random.oneIn(4) ? random.int(0, 900_000) : random.int(0, 2000), nth + 1),
      );
      const { writer, reader } = pair();
      const got = readAll(reader, held);
      for (const bytes of sent) await writer.send(bytes);
      await writer.sendEnd();
      expect((await got).equals(Buffer.concat(sent))).toBe(true);
    },
  );
  test('a writer at the bound waits until the reader has released a slot', async () => {
    const { writer, reader } = pair();
    writer.write(Buffer.alloc(SLOTS * SLOT_BYTES), pass);
    expect(() => writer.write(Buffer.alloc(1), stop)).toThrow('the node stops');
    let isSent = false;
    const sent = writer.send(Buffer.from('x')).then(() => {
      isSent = true;
    });
    expect(reader.next(pass)).toHaveLength(SLOT_BYTES);
    await Promise.resolve();
    expect(isSent).toBe(false);
    reader.release();
    await sent;
    for (let slot = 1; slot < SLOTS; slot++) {
      expect(reader.next(pass)).toHaveLength(SLOT_BYTES);
      reader.release();
    }
    writer.end(pass);
    expect(reader.next(pass)?.toString()).toBe('x');
    expect(reader.next(pass)).toBeUndefined();
  });
  test('a reader without bytes ends when the node stops', () => {
    expect(() => pair().reader.next(stop)).toThrow('the node stops');
  });
  test('both sides end when one of them has gone', async () => {
    const { writer, reader } = pair();
    writer.write(Buffer.alloc(SLOTS * SLOT_BYTES), pass);
    const sent = writer.send(Buffer.alloc(1));
    reader.cancel();
    await expect(sent).rejects.toEqual(gone);
    expect(() => writer.write(Buffer.alloc(1), pass)).toThrow(gone);
    const other = pair();
    const received = other.reader.receive();
    other.writer.cancel();
    expect(await received).toBeUndefined();
    expect(() => other.reader.next(pass)).toThrow(gone);
  });
});
