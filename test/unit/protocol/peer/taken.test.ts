import { describe, expect, test } from 'vitest';
import { KIND, MalformedFrame } from '../../../../src/protocol/peer/frame.ts';
import {
  putRefusal,
  REFUSAL,
  type Refusal,
  RefusalsReader,
} from '../../../../src/protocol/peer/taken.ts';
import { received } from '../../../support/peer-frames.ts';

describe('RefusalsReader', () => {
  test('the reply to a batch lists the states that were not taken', () => {
    const refusals: readonly (readonly [number, Refusal, number, number])[] = [
      [0, REFUSAL.older, 5, 0xffff_ffff],
      [70_000, REFUSAL.noMemory, 0, 0],
    ];
    const frame = received(KIND.reply, (sink) => {
      for (const refusal of refusals) putRefusal(sink, ...refusal);
    });
    const reader = new RefusalsReader();
    reader.open(frame);
    for (const [index, reason, slotHigh, slotLow] of refusals) {
      expect(reader.next()).toBe(true);
      expect(reader).toMatchObject({ index, reason, slotHigh, slotLow });
    }
    expect(reader.next()).toBe(false);
    reader.open(received(KIND.reply, (sink) => sink.putText('x'.repeat(15))));
    expect(() => reader.next()).toThrow(MalformedFrame);
    reader.open(received(KIND.reply, (sink) => sink.putText('x'.repeat(16))));
    expect(() => reader.next()).toThrow(MalformedFrame);
  });
});
