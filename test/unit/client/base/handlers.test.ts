import { once } from 'node:events';
import { expect, test } from 'vitest';
import { callHandler } from '../../../../src/client/base/handlers.ts';

const failing = (): never => {
  throw new Error('a bug of the application');
};

test.each<[string, () => unknown]>([
  ['throws', failing],
  ['rejects', async () => failing()],
  ['throws no error', () => Promise.reject(undefined)],
])('a handler that %s causes one warning and no unhandled rejection', async (name, handler) => {
  const warned = once(process, 'warning');
  for (let i = 0; i < 3; i++) callHandler(name, handler);
  const [warning] = await warned;
  expect(warning).toMatchObject({ name: 'SlabringWarning' });
  expect(warning.message).toContain(`The handler ${name} failed: `);
});

test('a handler runs at once', () => {
  let count = 0;
  callHandler('counter', () => ++count);
  expect(count).toBe(1);
});
