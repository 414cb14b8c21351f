import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { listenForStop } from '../../../../src/cli/process/stop-request.ts';
import { type ServedNode, serveVerb } from '../../../../src/cli/verbs/serve.ts';
import type { ListenAddress } from '../../../../src/server/index.ts';
import { adminParts } from '../../../support/admin-parts.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { NO_CLUSTER } from '../../../support/no-cluster.ts';
import { TEST_CONTROL } from '../../../support/session-harness.ts';
import { TestHost } from '../host.ts';

const ADDRESS: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 7, secure: false };

/** A node that ends when the test says so: a real node cannot crash on demand. */
class FakeNode implements ServedNode {
  readonly addresses = [ADDRESS];
  readonly cluster = NO_CLUSTER;
  readonly fastPath = { kind: 'memory32', reason: '' } as const;
  readonly view = adminParts().view;
  readonly measureThreads = adminParts().measureThreads;
  readonly setLogLevel = adminParts().setLogLevel;
  readonly runGuest = adminParts().runGuest;
  stops = 0;
  readonly checkThreads = async (): Promise<void> => {};
  readonly #end = Promise.withResolvers<void>();
  readonly ended = this.#end.promise;

  reloads = 0;

  readonly control = {
    ...TEST_CONTROL,
    reload: async (): Promise<undefined> => {
      this.reloads++;
      return undefined;
    },
    stop: async (): Promise<void> => {
      this.stops++;
      this.#end.resolve();
    },
  };
  crash(reason: Error): void {
    this.#end.reject(reason);
  }
}

async function serve(host: TestHost, node: ServedNode): Promise<{ exit: Promise<number> }> {
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
  test.each(['SIGTERM', 'SIGINT', 'SIGUSR1'])(
    '%s drains the node, and the process exits with 0',
    async (signal) => {
      const host = new TestHost();
      const node = new FakeNode();
      const { exit } = await serve(host, node);
      host.events.emit(signal, signal);
      expect(await exit).toBe(0);
      expect(node.stops).toBe(1);
      const [line = '', ...others] = host.outputLines;
      const { level, msg } = JSON.parse(line) as Record<string, unknown>;
      expect(level).toBe('info');
      expect(msg).toMatch(
        /^slabring \S+: 64m of memory, 4 threads, no TLS, no login, fast path memory32\. /,
      );
      expect(msg).toMatch(/ Listening on 127\.0\.0\.1:7$/);
      expect(others).toEqual([]);
      expect(host.sentMessages).toEqual([{ type: 'listening', addresses: [ADDRESS] }]);
      expect(host.listenerCount()).toBe(0);
    },
  );

  test('the node drains when its supervisor disconnects, also before it listens', async () => {
    const host = new TestHost();
    const { exit } = await serve(host, new FakeNode());
    host.events.emit('disconnect');
    expect(await exit).toBe(0);
    const orphan = await serve(new TestHost({ supervisorIsDisconnected: true }), new FakeNode());
    expect(await orphan.exit).toBe(0);
  });

  test('SIGHUP reloads a running node and does nothing to a starting one', async () => {
    const host = new TestHost();
    const node = new FakeNode();
    const starting = Promise.withResolvers<void>();
    const started = Promise.withResolvers<ServedNode>();
    const verb = serveVerb(() => {
      starting.resolve();
      return started.promise;
    });
    const exit = verb.run({ given: {} }, host);
    await starting.promise;
    expect(host.events.emit('SIGHUP', 'SIGHUP')).toBe(true);
    started.resolve(node);
    await expect.poll(() => host.sentMessages.length).toBe(1);
    expect(node.reloads).toBe(0);
    host.events.emit('SIGHUP', 'SIGHUP');
    expect(node.reloads).toBe(1);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await exit).toBe(0);
    expect(host.listenerCount()).toBe(0);
  });

  test('a node that crashes ends the process with 70 and prints the reason', async () => {
    const host = new TestHost();
    const node = new FakeNode();
    const { exit } = await serve(host, node);
    node.crash(new Error('a thread died'));
    expect(await exit).toBe(70);
    expect(host.errorLines.join('\n')).toMatch(/ended by a bug: Error: a thread died/);
    expect(node.stops).toBe(0);
    expect(host.listenerCount()).toBe(0);
  });

  test('a node that cannot start logs the reason, and sends it to its supervisor', async () => {
    const host = new TestHost();
    const taken = new CodedError('ERR_PORT_TAKEN', 'Port 7 is taken.');
    const verb = serveVerb(() => Promise.reject(taken));
    expect(await verb.run({}, host)).toBe(1);
    expect(host.errorLines.map((line) => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 'error', code: taken.code, msg: taken.message }),
    );
    expect(host.sentMessages).toEqual([
      { type: 'failed', code: 'ERR_PORT_TAKEN', message: 'Port 7 is taken.' },
    ]);
    expect(host.outputLines).toEqual([]);
    expect(host.listenerCount()).toBe(0);
  });
});

describe('a stop request', () => {
  /** Whether the promise has settled after all pending callbacks have run. */
  async function isSettled(promise: Promise<unknown>): Promise<boolean> {
    const pending = Symbol('pending');
    const turn = new Promise((resolve) => setImmediate(resolve, pending));
    return (await Promise.race([promise, turn])) !== pending;
  }

  test('signals within half a second are one request; a later one forces the end', async () => {
    const host = new TestHost();
    const clock = new ManualClock();
    const stop = listenForStop(host, clock);
    expect(stop.isRequested()).toBe(false);
    host.events.emit('SIGINT', 'SIGINT');
    clock.advanceSeconds(0.4);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await stop.requested).toBe('SIGINT');
    expect(stop.isRequested()).toBe(true);
    expect(await isSettled(stop.forced)).toBe(false);
    clock.advanceSeconds(0.1);
    host.events.emit('SIGTERM', 'SIGTERM');
    expect(await stop.forced).toBe('SIGTERM');
    stop.dispose();
    expect(host.listenerCount()).toBe(0);
  });

  test('the supervisor orders the stop, and says whether it starts the process again', async () => {
    for (const forRestart of [true, false]) {
      const host = new TestHost();
      const stop = listenForStop(host);
      host.events.emit('message', 'something else');
      host.events.emit('message', { type: 'unknown', forRestart: true });
      expect(stop.isRequested()).toBe(false);
      host.events.emit('message', { type: 'stop', forRestart });
      expect(await stop.requested).toBe('order');
      expect(stop.isForRestart()).toBe(forRestart);
      stop.dispose();
      expect(host.listenerCount()).toBe(0);
    }
  });

  test('the process replies to a question of its supervisor', () => {
    const host = new TestHost();
    const stop = listenForStop(host);
    let replies = 0;
    host.events.emit('message', { type: 'question' });
    stop.onQuestion(() => replies++);
    host.events.emit('message', { type: 'question' });
    expect([replies, stop.isRequested()]).toEqual([1, false]);
    stop.dispose();
  });
});
