import { describe, expect, test } from 'vitest';
import { Overtaking } from '../../../../src/client/routing/overtaking.ts';
import { FakeTarget } from './fake-target.ts';

const a = new FakeTarget('a');
const b = new FakeTarget('b');

describe('a key that is being copied', () => {
  test('is overtaken when it is written, not when another is, nor when one node decides', () => {
    const overtaking = new Overtaking();
    const watch = overtaking.watch('k');
    overtaking.written('other');
    overtaking.changed('k');
    expect(watch).toMatchObject({ isChanged: true, isOvertaken: false });
    overtaking.written('k');
    expect(watch).toMatchObject({ isChanged: true, isOvertaken: true });
  });

  test('is overtaken when another node decides, not when the same does', () => {
    const overtaking = new Overtaking();
    const [first, second] = [overtaking.watch('k'), overtaking.watch('k')];
    overtaking.decide(first, a);
    overtaking.decide(second, a);
    expect([first.isOvertaken, second.isOvertaken]).toEqual([false, false]);
    overtaking.decide(second, b);
    expect([first.isOvertaken, second.isOvertaken]).toEqual([true, false]);
    overtaking.decide(first, b);
    expect([first.isOvertaken, second.isOvertaken]).toEqual([false, false]);
  });

  test('is overtaken by who has brought it first, unless a node decides what is copied', () => {
    const overtaking = new Overtaking();
    const [bringing, deciding] = [overtaking.watch('k'), overtaking.watch('k')];
    overtaking.decide(deciding, a);
    overtaking.brought('other');
    expect(bringing.isOvertaken).toBe(false);
    overtaking.brought('k');
    expect([bringing.isOvertaken, deciding.isOvertaken]).toEqual([true, false]);
  });

  test('is overtaken with all others when the nodes change', () => {
    const overtaking = new Overtaking();
    const watches = ['k', 'l'].map((key) => overtaking.watch(key));
    overtaking.writtenAll();
    for (const watch of watches)
      expect(watch).toMatchObject({ isChanged: true, isOvertaken: true });
  });

  test('is watched until the end', () => {
    const overtaking = new Overtaking();
    const [first, second] = [overtaking.watch('k'), overtaking.watch('k')];
    overtaking.end(first);
    overtaking.written('k');
    expect([first.isOvertaken, second.isOvertaken]).toEqual([false, true]);
  });
});
