/** The life of a connection whose replies come from other nodes. */
import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../src/base/index.ts';
import { PLACE } from '../../../src/server/session/cluster-seat.ts';
import { ClusterConnection } from '../../support/cluster-connection.ts';
import { ManualSeat } from '../../support/manual-seat.ts';

const KIB = 1024;

/** A client of a node; keys with an `x` are at member 1. */
function connect(options: ConstructorParameters<typeof ClusterConnection>[2] = {}) {
  const seat = new ManualSeat();
  seat.placeOf = (key) => (key.includes('x') ? 1 : PLACE.here);
  seat.homeOf = seat.placeOf;
  const cluster = new ClusterConnection(seat, 1, options);
  const answerAll = async (): Promise<void> => {
    while (cluster.execute(1));
    for (const reply of seat.replies.splice(0)) reply();
    await cluster.settle();
  };
  return { seat, cluster, answerAll };
}

describe('the end of a connection', () => {
  test('quit closes after the replies to earlier requests, and nothing runs then', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.send('get x\r\nquit\r\nget x\r\n');
    await cluster.settle();
    expect(cluster.end).toBe('open');
    expect(seat.forwarded).toHaveLength(1);
    await answerAll();
    expect(cluster).toMatchObject({ received: 'END\r\n', end: 'ended' });
    expect(seat.forwarded).toHaveLength(0);
  });
  test('quit waits for acknowledgements, also while the client does not read', async () => {
    const { seat, cluster } = connect();
    seat.mustWait = () => true;
    cluster.isReading = false;
    cluster.send('set a 0 0 1\r\n1\r\nquit\r\nversion\r\n');
    await cluster.settle();
    expect(cluster.end).toBe('open');
    seat.acknowledgements.shift()!();
    await cluster.settle();
    expect(cluster.isBlocked).toBe(true);
    cluster.drain();
    await cluster.settle();
    expect(cluster).toMatchObject({ received: 'STORED\r\n', end: 'ended' });
  });
  test('a client that has sent FIN gets the replies to all requests before it', async () => {
    const { cluster, answerAll } = connect();
    cluster.send('get x\r\nversion\r\n');
    cluster.connection.end();
    await cluster.settle();
    expect(cluster.end).toBe('open');
    await answerAll();
    expect(cluster).toMatchObject({ received: 'END\r\nVERSION test\r\n', end: 'ended' });
  });
  test('a node that drains replies to what it has read, and then closes', async () => {
    const { seat, cluster, answerAll } = connect();
    const { placeOf } = seat;
    seat.placeOf = (key) => (key === 'u' ? PLACE.undecided : placeOf(key));
    cluster.send('get x\r\nget u\r\nget x a\r\nversion\r\n');
    await cluster.settle();
    cluster.connection.finish();
    expect(cluster).toMatchObject({ end: 'open', isPaused: true });
    await answerAll();
    expect(cluster).toMatchObject({ received: 'END\r\n', end: 'open' });
    expect(cluster.connection.takeProgress()).toBe(true);
    seat.placeOf = placeOf;
    seat.decisions.shift()!.resolve();
    await cluster.settle();
    await answerAll();
    expect(cluster.received).toBe('END\r\nEND\r\nEND\r\nVERSION test\r\n');
    expect(cluster.end).toBe('ended');
  });
  test('a node that drains serves nothing behind quit', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.send(`${'version\r\n'.repeat(20)}get x\r\nquit\r\nget x\r\n`);
    cluster.connection.finish();
    expect(seat.forwarded).toHaveLength(1);
    await answerAll();
    expect(cluster.received).toBe(`${'VERSION test\r\n'.repeat(20)}END\r\n`);
    expect(cluster.end).toBe('ended');
  });
  test('a node that drains ends an idle connection at once', () => {
    const { cluster } = connect();
    cluster.send('version\r\n');
    cluster.connection.finish();
    expect(cluster.end).toBe('ended');
  });
  test('a late reply is dropped after the close, and the memory is given back', async () => {
    const { seat, cluster, answerAll } = connect();
    seat.mustWait = () => true;
    cluster.send('set a 0 0 1\r\n1\r\nget x\r\nget x a\r\n');
    await cluster.settle();
    expect(cluster.heldKib).toBeGreaterThan(0);
    cluster.connection.close(undefined);
    await answerAll();
    for (const acknowledge of seat.acknowledgements) acknowledge();
    await cluster.settle();
    expect(cluster).toMatchObject({ received: '', heldKib: 0 });
  });
});

describe('the right to answer', () => {
  test('a node without it sends nothing, and closes the connection', async () => {
    const { seat, cluster } = connect();
    seat.hasLease = false;
    cluster.send('get a\r\nversion\r\n');
    await cluster.settle();
    expect(cluster).toMatchObject({ received: '', end: 'destroyed', isClosed: true });
  });
  test('a node that loses it sends no reply that was ready before', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.send('version\r\nget x\r\nget a\r\n');
    seat.hasLease = false;
    await answerAll();
    expect(cluster).toMatchObject({ received: 'VERSION test\r\n', end: 'destroyed' });
  });
  test('a long reply stops in the middle', async () => {
    const { seat, cluster } = connect();
    const value = 'v'.repeat(600_000);
    for (const piece of [`set a 0 0 ${value.length}\r\n`, ...value.match(/.{1,60000}/g)!, '\r\n']) {
      cluster.send(piece);
    }
    await cluster.settle();
    cluster.isReading = false;
    cluster.send('get a\r\n');
    await cluster.settle();
    seat.hasLease = false;
    cluster.drain();
    await cluster.settle();
    expect(cluster.received.length).toBeLessThan(value.length);
    expect(cluster.end).toBe('destroyed');
  });
  test('a reply whose change is not acknowledged never leaves', async () => {
    const { seat, cluster } = connect();
    seat.mustWait = () => true;
    cluster.send('set a 0 0 1\r\n1\r\n');
    cluster.send('get a\r\n');
    seat.acknowledgements[1]!();
    seat.acknowledgements[0]!(new CodedError('ERR_X', 'a holder is lost'));
    await cluster.settle();
    expect(cluster).toMatchObject({ received: '', end: 'destroyed', isClosed: true });
  });
});

describe('the memory of a connection', () => {
  test('a client that does not read stops its own requests', async () => {
    const { seat, cluster } = connect();
    const value = 'v'.repeat(500 * KIB);
    cluster.isReading = false;
    cluster.send('get x\r\n'.repeat(5000));
    await cluster.settle();
    const reply = Buffer.from(`VALUE x 0 ${value.length}\r\n${value}\r\nEND\r\n`);
    for (let round = 0; round < 10 && seat.forwarded.length > 0; round++) {
      for (const { settle } of seat.forwarded.splice(0)) settle(reply);
      await cluster.settle();
    }
    expect(seat.forwarded).toHaveLength(0);
    expect(cluster).toMatchObject({ isPaused: true, isBlocked: true });
    expect(cluster.heldKibMax).toBeLessThan(20 * KIB);
    cluster.drain();
    await cluster.settle();
    expect(seat.forwarded.length).toBeGreaterThan(0);
    expect(seat.forwarded.length).toBeLessThan(10);
  });
  test.each(['get a\r\n'.repeat(1000), `get${' a'.repeat(1000)}\r\n`])(
    'local replies behind one that does not come stop the client',
    async (gets) => {
      const { cluster, answerAll } = connect();
      const value = 'v'.repeat(60_000);
      cluster.send(`set a 0 0 ${value.length}\r\n${value}\r\n`);
      cluster.received = '';
      cluster.send(`get x\r\n${gets}`);
      await cluster.settle();
      expect(cluster).toMatchObject({ isPaused: true, received: '' });
      expect(cluster.heldKibMax).toBeLessThan(6 * KIB);
      await answerAll();
      for (let turn = 0; turn < 1000 && cluster.isPaused; turn++) await cluster.settle();
      expect(cluster.received.split('VALUE').length).toBe(1001);
    },
  );
  test('a late reply that the kernel does not accept stops the reads', async () => {
    const { cluster, answerAll } = connect();
    cluster.send('get x\r\n');
    cluster.isReading = false;
    await answerAll();
    expect(cluster).toMatchObject({ isBlocked: true, isPaused: true });
    cluster.drain();
    await cluster.settle();
    expect(cluster).toMatchObject({ received: 'END\r\n', isPaused: false });
  });
  test('small replies let more requests be on their way', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.send('get x\r\n'.repeat(3000));
    await cluster.settle();
    expect(seat.forwarded.length).toBe(32);
    await answerAll();
    expect(seat.forwarded.length).toBeGreaterThan(50);
    while (seat.forwarded.length > 0 && cluster.received.length < 3000 * 5) await answerAll();
    expect(cluster.received === 'END\r\n'.repeat(3000)).toBe(true);
  });
  test('a value is sent on whole, once all of it has come', async () => {
    const { seat, cluster, answerAll } = connect();
    const value = 'v'.repeat(300_000);
    cluster.send(`version\r\nset x 0 0 ${value.length}\r\nvvv`);
    cluster.send(value.slice(3, 1000));
    expect(cluster.heldKib, 'room for the whole value at once').toBeGreaterThan(290);
    for (const piece of value.slice(1000).match(/.{1,60000}/g)!) cluster.send(piece);
    expect(seat.forwarded).toHaveLength(0);
    expect(cluster.heldKib).toBeGreaterThan(290);
    expect(cluster.heldKib).toBeLessThan(700);
    cluster.send('\r\nget x\r\n');
    await answerAll();
    expect(
      cluster.received === `VERSION test\r\nSTORED\r\nVALUE x 0 300000\r\n${value}\r\nEND\r\n`,
    ).toBe(true);
  });
  test('a value that no frame holds is skipped, and refused by the primary', async () => {
    const { seat, cluster, answerAll } = connect();
    const valueBytes = 70 * KIB * KIB;
    cluster.send(`set x 0 0 ${valueBytes}\r\n`);
    expect(seat.forwarded.map(({ bytes }) => String(bytes))).toEqual([
      `set x 0 0 ${valueBytes}\r\n`,
    ]);
    const piece = Buffer.alloc(64 * KIB, 'v');
    for (let sent = 0; sent < valueBytes; sent += piece.length) cluster.send(piece);
    cluster.send('\r\nversion\r\n');
    await answerAll();
    expect(cluster.received).toBe('SERVER_ERROR object too large for cache\r\nVERSION test\r\n');
    expect(cluster.heldKibMax).toBeLessThan(KIB);
  });
});

describe('roles, latencies and traces', () => {
  test('a request that the client may not send is refused before it is sent on', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.connection.session.serveAs(true, 'readonly');
    cluster.send('set x 0 0 1\r\n1\r\nmg x T30\r\nget x\r\n');
    expect(seat.forwarded.map(({ role, bytes }) => `${role} ${bytes}`)).toEqual([
      'readonly get x\r\n',
    ]);
    await answerAll();
    const refusal = 'CLIENT_ERROR permission denied\r\n';
    expect(cluster.received).toBe(`${refusal}${refusal}END\r\n`);
  });
  test('a node whose clients may not flush asks no other node', async () => {
    const { seat, cluster } = connect({ flushAllowed: false });
    cluster.send('flush_all\r\n');
    await cluster.settle();
    expect(cluster.received).toBe('CLIENT_ERROR flush_all not allowed\r\n');
    expect(seat.flushes).toHaveLength(0);
  });
  test('the latency of a request ends when its reply leaves', async () => {
    const { cluster, answerAll } = connect();
    cluster.send('get a\r\n');
    cluster.send('get x\r\nset a 0 0 1\r\n1\r\n');
    expect(cluster.measured).toEqual(['get 0']);
    cluster.ms = 7;
    await answerAll();
    expect(cluster.measured).toEqual(['get 0', 'get 7', 'set 7']);
  });
  test('a trace shows a forwarded request, and its reply when it leaves', async () => {
    const { cluster, answerAll } = connect({ traces: true });
    cluster.send('set x 0 0 1\r\n1\r\nversion\r\n');
    await answerAll();
    expect(cluster.traced).toMatchObject([
      { verb: 'set', status: undefined },
      { verb: 'version', status: 'VERSION' },
      { status: 'STORED' },
    ]);
  });
  test('a connection that waits for another node is not idle', async () => {
    const { cluster, answerAll } = connect();
    cluster.send('get x\r\n');
    expect(cluster.connection.isIdle).toBe(false);
    await answerAll();
    expect(cluster.connection.isIdle).toBe(true);
  });
});
