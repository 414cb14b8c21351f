import { expect, test } from 'vitest';
import { Maintainer } from '../../../../src/store/upkeep/maintainer.ts';
import { SessionHarness, testShare } from '../../../support/session-harness.ts';

/** A store with items that never expire, and a maintainer that has just made a pass over them. */
function filledStore() {
  const harness = new SessionHarness(testShare());
  const maintainer = new Maintainer(harness.parts);
  const fill = (): void => {
    for (let i = 0; i < 500; i++) harness.send(`set key-${i} 0 0 1\r\nx\r\n`);
    harness.send(`set large 0 0 600000\r\n${'x'.repeat(600_000)}\r\n`);
  };
  const nextSecond = (): void => {
    harness.parts.clock.tick(harness.parts.clock.now() + 1);
    for (let slice = 0; slice < 20; slice++) maintainer.runSlice();
  };
  fill();
  harness.send('set expires 0 3600 1\r\nx\r\nset gone 0 -1 1\r\nx\r\n');
  nextSecond();
  return { harness, fill, nextSecond, items: () => harness.parts.index.count() };
}

test('the crawler frees flushed items in the next second, however late its next pass is', () => {
  const { harness, fill, nextSecond, items } = filledStore();
  expect(items()).toBe(502);
  harness.send('flush_all\r\n');
  nextSecond();
  expect(items()).toBe(0);
  fill();
  harness.parts.tunables.set('crawlerEnabled', 0);
  harness.send('flush_all 1\r\n');
  nextSecond();
  expect(items()).toBe(0);
});

test('a flood of flushes causes at most one pass in a second', () => {
  const { harness, nextSecond } = filledStore();
  const passes = (): number => harness.store.view.counter('lru_crawler_starts');
  const before = passes();
  const maintainer = new Maintainer(harness.parts);
  for (let i = 0; i < 50; i++) {
    harness.send('flush_all\r\n');
    maintainer.runSlice();
  }
  expect(passes()).toBe(before + 1);
  nextSecond();
  expect(passes()).toBe(before + 2);
});

test('a flushed item whose stripe was busy is freed by the next pass', () => {
  const { harness, nextSecond, items } = filledStore();
  const { stripes, index } = harness.parts;
  const hash = index.hashOf(Buffer.from('key-7'), 0, 5);
  harness.send('flush_all\r\n');
  stripes.lock(hash);
  nextSecond();
  stripes.unlock(hash);
  expect(items()).toBeGreaterThan(0);
  nextSecond();
  expect(items()).toBe(0);
});

test('the item count leaves out flushed items that the crawler has not freed yet', () => {
  const { harness, nextSecond } = filledStore();
  const items = (): number => harness.store.view.itemCount();
  harness.send('flush_all\r\n');
  expect(items()).toBe(0);
  for (let i = 0; i < 7; i++) harness.send(`set new-${i} 0 0 1\r\nx\r\n`);
  expect(items()).toBe(7);
  harness.send('stats reset\r\n');
  expect(items()).toBe(7);
  nextSecond();
  expect(items()).toBe(7);
  harness.send('delete new-1\r\nset new-2 0 0 1\r\ny\r\n');
  expect(items()).toBe(6);
});
