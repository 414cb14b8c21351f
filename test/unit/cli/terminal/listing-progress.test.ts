import { expect, test } from 'vitest';
import { ListingProgress } from '../../../../src/cli/terminal/listing-progress.ts';

function drawnProgress() {
  const fractions: number[] = [];
  const bar = {
    draw: ({ fraction }: { fraction: number }) => fractions.push(fraction),
    clear() {},
  };
  return { progress: new ListingProgress(bar), fractions };
}

test('no percentage appears before every node has said how many keys it has', async () => {
  const { progress, fractions } = drawnProgress();
  const slow = Promise.withResolvers<number>();
  const expected = progress.expect(slow.promise);
  await progress.expect(Promise.resolve(100));
  progress.add(100);
  expect(fractions).toEqual([]);
  slow.resolve(100);
  await expected;
  progress.add(50);
  progress.add(60);
  expect(fractions).toEqual([0.75, 1]);
});
test('a node that fails does not hold the bar back', async () => {
  const { progress, fractions } = drawnProgress();
  await expect(progress.expect(Promise.reject(new Error('down')))).rejects.toThrow('down');
  await progress.expect(Promise.resolve(10));
  progress.add(5);
  expect(fractions).toEqual([0.5]);
});
