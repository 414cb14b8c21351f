import { getEventListeners } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { LogRing } from '../../../../src/base/log/log-ring.ts';
import { LogRoute } from '../../../../src/ops/admin/log-route.ts';

test('a follower of a log with many lines leaves no listener for each of them', async () => {
  const ring = new LogRing();
  const route = new LogRoute(ring);
  const any = vi.spyOn(AbortSignal, 'any');
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const written: string[] = [];
  vi.spyOn(response, 'flushHeaders').mockReturnValue();
  vi.spyOn(response, 'write').mockImplementation((text: string) => {
    written.push(text);
    return true;
  });
  const followed = route.reply('/log?follow=1').stream?.(response);
  const end = any.mock.results[0]!.value as AbortSignal;
  for (let nth = 0; nth < 5; nth++) {
    ring.push('info', `line ${nth}`);
    await expect.poll(() => written.join('')).toContain(`line ${nth}\n`);
  }
  expect(getEventListeners(end, 'abort').length).toBeLessThanOrEqual(1);
  route.close();
  await followed;
  any.mockRestore();
});
