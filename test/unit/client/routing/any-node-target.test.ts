import { describe, expect, test } from 'vitest';
import type { CacheError } from '../../../../src/client/base/errors.ts';
import { Operation } from '../../../../src/client/connection/operation.ts';
import { anyNodeRoute } from '../../../../src/client/routing/any-node-target.ts';
import { TopologyEpoch } from '../../../../src/client/routing/topology-epoch.ts';
import { forwardErrors } from '../../../../src/cluster/thread/forward-errors.ts';
import type { Request } from '../../../../src/protocol/client.ts';
import { FakeTarget } from './fake-target.ts';

const GET: Request = { verb: 'get', key: 'k', cas: false };
const DELETE: Request = { verb: 'delete', key: 'k', cas: undefined, staleExptime: undefined };
const COUNT: Request = {
  verb: 'count',
  key: 'k',
  delta: 1n,
  isDecrement: false,
  initial: undefined,
};
const clock = { now: () => 0, unixMs: () => 0 };

/** Four nodes, of which `a` owns every key. */
function cluster() {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => new FakeTarget(name, { k: `at ${name}` }));
  const [a, b, c, d] = nodes as [FakeTarget, FakeTarget, FakeTarget, FakeTarget];
  const epoch = new TopologyEpoch(
    () => [],
    (begun) => anyNodeRoute(() => a, nodes, begun),
  );
  return { a, b, c, d, epoch };
}

/** The value, the status of the reply, or the failure. */
function send(epoch: TopologyEpoch, request: Request): Promise<string | CacheError> {
  return new Promise((resolve) => {
    const handler = { onReply: (reply: { status: string; text(): string }) => outcome(reply) };
    const operation = new Operation(
      request,
      clock,
      1000,
      handler,
      (value) => resolve(value as string),
      (error) => resolve(error as CacheError),
    );
    epoch.targetOf('k').send(operation);
  });
}
const outcome = (reply: { status: string; text(): string }): string =>
  reply.status === 'value' ? reply.text() : reply.status;

describe('a request to a cluster in which each node answers for every key', () => {
  test('the owner gets it, and nobody else', async () => {
    const { a, b, epoch } = cluster();
    expect(await send(epoch, GET)).toBe('at a');
    expect([a.requests, b.requests]).toEqual([['get k'], []]);
  });
  test('another node gets any request if the owner is down, also a counter', async () => {
    const { a, b, epoch } = cluster();
    a.isDown = true;
    expect(await send(epoch, COUNT)).toBe('miss');
    expect([a.requests, b.requests]).toEqual([[], ['count k']]);
  });
  test.each(['ERR_NODE_DOWN', 'ERR_REPLY_LOST', 'ERR_DEADLINE'] as const)(
    'a repeatable request goes to the next two nodes after %s',
    async (failure) => {
      const { a, b, c, d, epoch } = cluster();
      for (const node of [a, b, c, d]) node.failure = failure;
      expect(await send(epoch, DELETE)).toMatchObject({ code: failure, node: 'c' });
      expect([b.requests, c.requests, d.requests]).toEqual([['delete k'], ['delete k'], []]);
      c.failure = undefined;
      expect(await send(epoch, GET)).toBe('at c');
    },
  );
  test('a counter is not repeated if it may have been counted', async () => {
    const { a, b, epoch } = cluster();
    a.failure = 'ERR_REPLY_LOST';
    expect(await send(epoch, COUNT)).toMatchObject({ code: 'ERR_REPLY_LOST' });
    expect(b.requests).toEqual([]);
    a.failure = 'ERR_NODE_DOWN';
    expect(await send(epoch, COUNT)).toBe('miss');
  });
  test('all nodes are asked for many keys, one after the other', async () => {
    const { a, b, epoch } = cluster();
    a.failure = 'ERR_REPLY_LOST';
    expect(await send(epoch, { verb: 'get-many', keys: ['k', 'x'] })).toBe('done');
    expect(b.requests).toEqual(['get-many k,x']);
  });
  test('a request without a key goes to a node that is up', async () => {
    const { a, b, epoch } = cluster();
    a.failure = 'ERR_NODE_DOWN';
    expect(await send(epoch, { verb: 'flush' } as Request)).toBe('miss');
    expect(b.requests).toEqual(['flush ']);
  });
});

describe('a node of the cluster that refuses', () => {
  test('another node gets a repeatable request after an error of the node', async () => {
    const { a, b, epoch } = cluster();
    a.refusal = `SERVER_ERROR ${forwardErrors.noRight().message}`;
    expect(await send(epoch, GET)).toBe('at b');
    expect(await send(epoch, COUNT)).toMatchObject({ code: 'ERR_REFUSED', mayHaveRun: false });
    expect(b.requests).toEqual(['get k']);
  });
  test.each([
    'SERVER_ERROR object too large for cache',
    'SERVER_ERROR out of memory storing object',
    'CLIENT_ERROR bad data chunk',
  ])('no other node gets a request after %s', async (refusal) => {
    const { a, b, epoch } = cluster();
    a.refusal = refusal;
    expect(await send(epoch, DELETE)).toMatchObject({ code: 'ERR_REFUSED' });
    expect(b.requests).toEqual([]);
  });
  test('the caller learns that the owner may have executed a lost request', async () => {
    const { a, epoch } = cluster();
    const lost = forwardErrors.lost({ address: '10.0.0.1:11211' }, new Error('it broke'));
    a.refusal = `SERVER_ERROR ${lost.message}`;
    const error = await send(epoch, COUNT);
    expect(error).toMatchObject({ code: 'ERR_REPLY_LOST', mayHaveRun: true, node: 'a' });
  });
});
