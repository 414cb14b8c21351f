import { describe, expect, test } from 'vitest';
import type { ClientSocket } from '../../../../src/client/connection/socket.ts';
import { WRITE_BYTES_MAX, WriteBuffer } from '../../../../src/client/connection/write-buffer.ts';

/** A socket that keeps what it was given, as a kernel that takes nothing does. */
class FakeSocket implements ClientSocket {
  readonly remote = undefined;
  readonly written: Buffer[] = [];
  writableLength = 0;
  write(bytes: Buffer): void {
    this.written.push(bytes);
  }
  destroy(): void {}
  abandon(): void {}
  pause(): void {}
  resume(): void {}
  ref(): void {}
  unref(): void {}
}

function put(buffer: WriteBuffer, text: string): void {
  buffer.sink.putText(text);
}

describe('a write buffer', () => {
  test('a write buffer writes the bytes of the sink once, and is empty then', () => {
    const [buffer, socket] = [new WriteBuffer(), new FakeSocket()];
    put(buffer, 'mn\r\n');
    buffer.writeTo(socket);
    expect(socket.written.map(String)).toEqual(['mn\r\n']);
    expect(buffer.sink.at).toBe(0);
  });

  test('a write buffer uses its bytes again only if the kernel took all of them', () => {
    const [buffer, socket] = [new WriteBuffer(), new FakeSocket()];
    const first = buffer.sink;
    buffer.writeTo(socket);
    expect(buffer.sink).toBe(first);
    put(buffer, 'queued');
    socket.writableLength = 6;
    buffer.writeTo(socket);
    put(buffer, 'other ');
    expect(socket.written.map(String)).toEqual(['', 'queued']);
  });

  test('a write buffer releases the bytes of a large value', () => {
    const [buffer, socket] = [new WriteBuffer(), new FakeSocket()];
    put(buffer, 'x'.repeat(WRITE_BYTES_MAX + 1));
    const large = buffer.sink;
    buffer.writeTo(socket);
    expect(buffer.sink).not.toBe(large);
    expect(buffer.sink.bytes.length).toBeLessThan(WRITE_BYTES_MAX);
  });
});
