import { expect, test } from 'vitest';
import { OutputBuffers } from '../../../src/server/index.ts';

const BYTES = 8;
const ownBuffers = (): [Buffer, ...Buffer[]] => [Buffer.alloc(BYTES), Buffer.alloc(BYTES)];

function write(output: OutputBuffers, text: string): void {
  output.sink.ensure(text.length);
  output.sink.putText(text);
}

test('the sink returns to a buffer of the thread after a reply that was longer', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  write(output, 'a reply of more bytes');
  const { bytes } = output.sink;
  expect(own).not.toContain(bytes);
  output.clear();
  expect(output.sink.bytes).toBe(own[0]);
  expect(output.sink.at).toBe(0);
  expect(bytes.length).toBe(0);
});
test('a slow client takes the long reply and leaves the buffers of the thread', () => {
  const own = ownBuffers();
  const output = new OutputBuffers(own);
  write(output, 'a reply of more bytes');
  const taken = output.take();
  expect(taken.toString('latin1', 0, 21)).toBe('a reply of more bytes');
  expect(output.sink.bytes).toBe(own[0]);
  expect(output.take()).toBe(own[0]);
  expect(output.sink.bytes).toBe(own[1]);
  output.recycle(taken);
  expect(taken.length).toBe(0);
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
