import { describe, expect, test } from 'vitest';
import { SharedSegment } from '../../../../src/base/shm/shared-segment.ts';

describe('a shared segment', () => {
  test('a segment has room for its data after its header', () => {
    const memory = SharedSegment.allocate(100);
    expect(memory.byteLength).toBe(SharedSegment.headerBytes + 100);
  });
  test('a segment shows what another handle wrote', () => {
    const memory = SharedSegment.allocate(64);
    const [one, two] = [new SharedSegment(memory), new SharedSegment(memory)];
    one.bytes.write('abc', SharedSegment.headerBytes);
    const at = SharedSegment.headerBytes;
    expect(two.bytes.toString('latin1', at, at + 3)).toBe('abc');
    one.words[1] = 7;
    expect(two.words[1]).toBe(7);
  });
  test('a segment releases its lock after an action, also after one that throws', () => {
    const segment = new SharedSegment(SharedSegment.allocate(0));
    const isFree = (): boolean => segment.words[0] === 0;
    expect(segment.locked(() => [isFree(), 'result'])).toEqual([false, 'result']);
    expect(isFree()).toBe(true);
    const failing = (): void =>
      segment.locked(() => {
        throw new RangeError('inside');
      });
    expect(failing).toThrow('inside');
    expect(isFree()).toBe(true);
    segment.lock();
    expect(isFree()).toBe(false);
    segment.unlock();
    expect(isFree()).toBe(true);
  });
});
