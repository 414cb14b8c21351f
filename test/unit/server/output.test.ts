import { expect, test } from 'vitest';
import { OutputBuffers } from '../../../src/server/index.ts';

const BYTES = 8;
const ownBuffers = (): [Buffer, ...Buffer[]] => [Buffer.alloc(BYTES), Buffer.alloc(BYTES)];

function write(output: OutputBuffers, text: string): void {
  output.sink.ensure(text.length);
  output.sink.putText(text);
}

test('the sink returns to a buffer of the thread after a longer reply, and keeps that one', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  const larger = new Set<Buffer>();
  for (let time = 0; time < 3; time++) {
    write(output, 'a reply of more bytes');
    larger.add(output.sink.bytes);
    output.clear();
    expect(output.sink.bytes).toBe(own[0]);
    expect(output.sink.at).toBe(0);
  }
  expect(larger.size).toBe(1);
  expect(own).not.toContain([...larger][0]);
});
test('a reply that exceeds the kept buffer gets a larger one, which replaces it', () => {
  const output = new OutputBuffers(ownBuffers());
  write(output, 'a reply of more bytes');
  const kept = output.sink.bytes;
  output.clear();
  write(output, 'a reply of even more bytes, so that the first buffer is too small');
  expect(kept.length).toBe(0);
  output.clear();
  write(output, 'a reply of more bytes');
  expect(output.sink.bytes.length).toBeGreaterThan(60);
});
test('a thread frees a buffer of more than 1 MiB', () => {
  const output = new OutputBuffers(ownBuffers());
  output.sink.ensure(2 ** 20 + 1);
  const { bytes } = output.sink;
  output.clear();
  expect(bytes.length).toBe(0);
});
test('a slow client takes the larger buffer and leaves those of the thread', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  write(output, 'a reply of more bytes');
  const taken = output.take();
  expect(taken.toString('latin1', 0, 21)).toBe('a reply of more bytes');
  expect(output.sink.bytes).toBe(own[0]);
  expect(output.take()).toBe(own[0]);
  expect(output.sink.bytes).toBe(own[1]);
  output.recycle(taken);
  write(output, 'a reply of more bytes');
  expect(output.sink.bytes).toBe(taken);
});
test('more slow clients get other buffers, until one of the thread is free again', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  const taken = [output.take(), output.take()];
  expect(taken).toEqual(own);
  const other = output.sink.bytes;
  expect(other.length).toBe(BYTES);
  expect(own).not.toContain(other);
  write(output, 'reply');
  output.recycle(own[0]);
  expect(output.sink.bytes).toBe(other);
  output.clear();
  expect(output.sink.bytes).toBe(own[0]);
  expect(other.length).toBe(0);
});
test('each buffer of the thread is in use once at a time', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  const taken = [output.take(), output.take(), output.take()];
  for (const buffer of taken) output.recycle(buffer);
  output.clear();
  const again = [output.take(), output.take()];
  expect(new Set(again)).toEqual(new Set(own));
  expect(own).not.toContain(output.sink.bytes);
});
