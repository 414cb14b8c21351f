import { describe, expect, test } from 'vitest';
import { CodedError, HandClock } from '../../../src/base/index.ts';
import { addressText, serveVerb } from '../../../src/cli/serve.ts';
import { listenForStop } from '../../../src/cli/stop-request.ts';
import type { ListenAddress, NodeHandle } from '../../../src/server/index.ts';
import { TestHost } from './host.ts';

const ADDRESS: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 7, secure: false };

/** A node whose end the test decides: a worker's bug cannot be had from a real one on demand. */
class HandNode implements NodeHandle {
  readonly addresses = [ADDRESS];
  stops = 0;
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;

  reloads = 0;

  async reload(): Promise<void> {
    this.reloads++;
  }
  async stop(): Promise<void> {
    this.stops++;
    this.#end.resolve();
  }
  breakBy(reason: Error): void {
    this.#end.reject(reason);
  }
}

async function serve(host: TestHost, node: NodeHandle): Promise<{ exit: Promise<number> }> {
  const started = Promise.withResolvers<void>();
  const verb = serveVerb(async () => {
    started.resolve();
    return node;
  });
  const exit = verb.run({ given: {} }, host);
  await started.promise;
  return { exit };
}

describe('slabring serve', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGUSR1'])('%s drains and ends with 0', async (signal) => {
    const host = new TestHost();
    const node = new HandNode();
    const { exit } = await serve(host, node);
    host.events.emit(signal, signal);
    expect(await exit).toBe(0);
    expect(node.stops).toBe(1);
    expect(host.said).toEqual(['Listening on 127.0.0.1:7']);
    expect(host.told).toEqual([{ type: 'listening', addresses: [ADDRESS] }]);
    expect(host.listenerCount()).toBe(0);
  });

  test('a supervisor that goes drains it, even one that went before it listened', async () => {
    const host = new TestHost();
    const { exit } = await serve(host, new HandNode());
    host.events.emit('disconnect');
    expect(await exit).toBe(0);
    const orphan = await serve(new TestHost({ supervisorIsGone: true }), new HandNode());
    expect(await orphan.exit).toBe(0);
  });

  test('SIGHUP reloads, and while the node is still on its way up it does no harm', async () => {
    const host = new TestHost();
    const node = new HandNode();
    const begun = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<NodeHandle>();
    const verb = serveVerb(() => {
      begun.resolve();
      return ready.promise;
    });
    const exit = verb.run({ given: {} }, host);
    await begun.promise;
    expect(host.events.emit('SIGHUP', 'SIGHUP')).toBe(true);
    ready.resolve(node);
    await expect.poll(() => host.told.length).toBe(1);
    expect(node.reloads).toBe(0);
    host.events.emit('SIGHUP', 'SIGHUP');
    expect(node.reloads).toBe(1);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await exit).toBe(0);
    expect(host.listenerCount()).toBe(0);
  });

  test('a node that breaks ends it with 70 and the reason', async () => {
    const host = new TestHost();
    const node = new HandNode();
    const { exit } = await serve(host, node);
    node.breakBy(new Error('a thread died'));
    expect(await exit).toBe(70);
    expect(host.complained.join('\n')).toMatch(/ended by a bug: Error: a thread died/);
    expect(node.stops).toBe(0);
    expect(host.listenerCount()).toBe(0);
  });

  test('a node that cannot start tells its supervisor why', async () => {
    const host = new TestHost();
    const taken = new CodedError('ERR_PORT_TAKEN', 'Port 7 is taken.');
    const verb = serveVerb(() => Promise.reject(taken));
    await expect(verb.run({}, host)).rejects.toBe(taken);
    expect(host.told).toEqual([
      { type: 'failed', code: 'ERR_PORT_TAKEN', message: 'Port 7 is taken.' },
    ]);
    expect(host.said).toEqual([]);
    expect(host.listenerCount()).toBe(0);
  });

  test.each<[ListenAddress, string]>([
    [ADDRESS, '127.0.0.1:7'],
    [{ kind: 'tcp', host: '::1', port: 7, secure: false }, '[::1]:7'],
    [{ kind: 'unix', path: 'a.sock' }, 'a.sock'],
  ])('%j is shown as %s', (address, shown) => expect(addressText(address)).toBe(shown));
});

describe('the wish to stop', () => {
  /** Whether a promise has settled once everything that is due has run. */
  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    const not = Symbol('not yet');
    const turn = new Promise((resolve) => setImmediate(resolve, not));
    return (await Promise.race([promise, turn])) !== not;
  }

  test('signals that come together are one wish; a later one is impatience', async () => {
    const host = new TestHost();
    const clock = new HandClock();
    const stop = listenForStop(host, clock);
    expect(stop.isAsked()).toBe(false);
    host.events.emit('SIGINT', 'SIGINT');
    clock.advanceSeconds(0.4);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await stop.first).toBe('SIGINT');
    expect(stop.isAsked()).toBe(true);
    expect(await isSettled(stop.again)).toBe(false);
    clock.advanceSeconds(0.1);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await stop.again).toBe('SIGTERM');
    stop.dispose();
    expect(host.listenerCount()).toBe(0);
  });
});
