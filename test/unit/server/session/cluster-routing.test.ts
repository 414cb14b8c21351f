import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { PLACE } from '../../../../src/server/session/cluster-seat.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { ClusterConnection } from '../../../support/cluster-connection.ts';
import { ManualSeat } from '../../../support/manual-seat.ts';

/** A client of a node: keys with an `x` are at member 1, those with a `y` at member 2. */
function connect() {
  const seat = new ManualSeat();
  seat.placeOf = (key) => {
    if (key.includes('x')) return 1;
    return key.includes('y') ? 2 : PLACE.here;
  };
  seat.homeOf = seat.placeOf;
  const cluster = new ClusterConnection(seat, 2);
  /** Sends requests; returns what has come back. */
  const ask = async (text: string): Promise<string> => {
    cluster.send(text);
    await cluster.settle();
    return take();
  };
  const take = (): string => {
    const { received } = cluster;
    cluster.received = '';
    return received;
  };
  /** The other nodes execute and reply to all that they got. */
  const answerAll = async (): Promise<string> => {
    while (cluster.execute(1) || cluster.execute(2));
    for (const reply of seat.replies.splice(0)) reply();
    await cluster.settle();
    return take();
  };
  return { seat, cluster, ask, take, answerAll };
}

const lines = (seat: ManualSeat): readonly string[] =>
  seat.forwarded.map(({ bytes }) => bytes.toString('latin1'));

describe('the order of replies', () => {
  test('a forwarded request stops no request behind it, and replies leave in order', async () => {
    const { seat, cluster, ask, answerAll } = connect();
    expect(await ask('get x\r\nset a 0 0 1\r\n1\r\nget y\r\nget a\r\n')).toBe('');
    expect(lines(seat)).toEqual(['get x\r\n', 'get y\r\n']);
    expect(cluster.execute(2)).toBe(true);
    seat.replies.shift()!();
    await cluster.settle();
    expect(cluster.received).toBe('');
    expect(await answerAll()).toBe('END\r\nSTORED\r\nEND\r\nVALUE a 0 1\r\n1\r\nEND\r\n');
  });
  test('the replies before a forwarded request leave at once', async () => {
    const { ask, answerAll } = connect();
    expect(await ask('version\r\nget x\r\nversion\r\n')).toBe('VERSION test\r\n');
    expect(await answerAll()).toBe('END\r\nVERSION test\r\n');
  });
  test('a change holds all replies of its input, and stops no request behind it', async () => {
    const { seat, ask, take, cluster, answerAll } = connect();
    seat.mustWait = () => true;
    expect(await ask('get a\r\nset a 0 0 1\r\n1\r\nget x\r\n')).toBe('');
    expect(lines(seat)).toEqual(['get x\r\n']);
    seat.mustWait = () => false;
    expect(await ask('get a\r\n')).toBe('');
    expect(await answerAll()).toBe('');
    seat.acknowledgements.shift()!();
    await cluster.settle();
    expect(take()).toBe('END\r\nSTORED\r\nEND\r\nVALUE a 0 1\r\n1\r\nEND\r\n');
  });
  test('a quiet change without a reply holds the replies behind it', async () => {
    const { seat, ask, take, cluster } = connect();
    seat.mustWait = () => true;
    expect(await ask('set a 0 0 1 noreply\r\n1\r\n')).toBe('');
    seat.mustWait = () => false;
    expect(await ask('mn\r\n')).toBe('');
    seat.acknowledgements.shift()!();
    await cluster.settle();
    expect(take()).toBe('MN\r\n');
  });
  test('a get that touches keys here and elsewhere waits for the acknowledgement', async () => {
    const { seat, ask, take, cluster, answerAll } = connect();
    await ask('set a 0 0 1\r\n1\r\n');
    seat.mustWait = () => seat.changes.length === 0;
    expect(await ask('gat 100 x a\r\n')).toBe('');
    expect(await answerAll()).toBe('');
    seat.acknowledgements.shift()!();
    await cluster.settle();
    expect(take()).toBe('VALUE a 0 1\r\n1\r\nEND\r\n');
  });
  test('the seat learns each key here that a request may have changed', async () => {
    const { seat, ask } = connect();
    const sealed: string[] = [];
    seat.onSeal = (changes) => void sealed.push(...changes);
    await ask('set a 0 0 1\r\n1\r\nget a\r\nmg a v\r\nms x 1\r\n1\r\n');
    expect(sealed.splice(0)).toEqual(['a']);
    await ask('gat 60 a b x c\r\ndelete none\r\nincr a 1\r\ntouch a 9\r\nmg a T5\r\n');
    expect(sealed.splice(0)).toEqual(['a', 'b', 'c', 'none', 'a', 'a', 'a']);
    await ask('md a I T30\r\nmg a v\r\nmg a v\r\n');
    expect(sealed.splice(0)).toEqual(['a', 'a']);
    await ask('set big 0 0 4\r\nab');
    await ask('cd\r\n');
    expect(sealed).toEqual(['big', 'big']);
  });
  test('a request in a newer topology waits for the replies of the older one', async () => {
    const { seat, ask, answerAll } = connect();
    await ask('get x\r\n');
    seat.version++;
    expect(await ask('set a 0 0 1\r\n1\r\nget y\r\n')).toBe('');
    expect(lines(seat)).toEqual(['get x\r\n']);
    expect(await answerAll()).toBe('END\r\nSTORED\r\n');
    expect(lines(seat)).toEqual(['get y\r\n']);
  });
  test('requests behind flush_all wait until all nodes have flushed', async () => {
    const { seat, ask, take, cluster, answerAll } = connect();
    await ask('set a 0 0 1\r\n1\r\n');
    expect(await ask('get x\r\nflush_all\r\nget a\r\n')).toBe('');
    expect(seat.flushes).toHaveLength(0);
    expect(await answerAll()).toBe('END\r\n');
    expect(seat.flushes).toHaveLength(1);
    seat.flushes.shift()!();
    await cluster.settle();
    expect(take()).toBe('OK\r\nEND\r\n');
    await ask('flush_all noreply\r\nmn\r\n');
    seat.flushes.shift()!();
    await cluster.settle();
    expect(take()).toBe('MN\r\n');
    await ask('flush_all 10 noreply\r\nmn\r\n');
    seat.flushes.shift()!(new CodedError('ERR_X', 'a node did not flush'));
    await cluster.settle();
    expect(take()).toBe('MN\r\n');
  });
});

describe('a get of many keys', () => {
  test('each node gets one request, and the values come in the order of the keys', async () => {
    const { seat, ask, answerAll } = connect();
    await ask('set x1 1 0 1\r\n1\r\nset a 2 0 1\r\n2\r\nset y 3 0 5\r\nEND\r\n\r\n');
    await answerAll();
    expect(await ask('gat 60 a x1 x2 a y x1\r\n')).toBe('VALUE a 2 1\r\n2\r\n');
    expect(lines(seat)).toEqual(['gat 60 x1 x2 x1\r\n', 'gat 60 y\r\n']);
    expect(await answerAll()).toBe(
      'VALUE x1 1 1\r\n1\r\nVALUE a 2 1\r\n2\r\nVALUE y 3 5\r\nEND\r\n\r\n' +
        'VALUE x1 1 1\r\n1\r\nEND\r\n',
    );
  });
  test('one failed node makes one error of the whole get', async () => {
    const { seat, ask, answerAll } = connect();
    await ask('get x y\r\nversion\r\n');
    seat.forwarded.shift()!.settle(new CodedError('ERR_X', 'node 1 is down'));
    expect(await answerAll()).toBe('SERVER_ERROR node 1 is down\r\nVERSION test\r\n');
    await ask('get x y\r\nversion\r\n');
    seat.forwarded.shift()!.settle(Buffer.from('SERVER_ERROR full\r\n'));
    expect(await answerAll()).toBe('SERVER_ERROR full\r\nVERSION test\r\n');
    await ask('get x y\r\nversion\r\n');
    seat.forwarded.shift()!.settle(Buffer.from('VALUE x 0 100\r\n1\r\nEND\r\n'));
    const unreadable = 'another node sent a reply to a get that has no values';
    expect(await answerAll()).toBe(`SERVER_ERROR ${unreadable}\r\nVERSION test\r\n`);
  });
  test('a node is asked for few keys until the size of values is known', async () => {
    const { seat, cluster, ask, answerAll } = connect();
    const keys = Array.from({ length: 40 }, (_, i) => `x${i}`);
    await ask('set x39 0 0 1\r\n1\r\n');
    await answerAll();
    await ask(`get ${keys.join(' ')}\r\nversion\r\n`);
    expect(lines(seat)).toEqual([`get ${keys.slice(0, 16).join(' ')}\r\n`]);
    const { sealCount } = seat;
    await cluster.settle();
    expect(seat.sealCount, 'turns of a session that waits').toBe(sealCount);
    expect(await answerAll()).toBe('');
    expect(lines(seat)).toEqual([`get ${keys.slice(16).join(' ')}\r\n`]);
    expect(await answerAll()).toBe('VALUE x39 0 1\r\n1\r\nEND\r\nVERSION test\r\n');
  });
  test('a get ends with the first part that fails', async () => {
    const { seat, ask, answerAll } = connect();
    const keys = Array.from({ length: 40 }, (_, i) => `x${i}`);
    await ask(`get ${keys.join(' ')} a\r\nversion\r\n`);
    seat.forwarded.shift()!.settle(new CodedError('ERR_X', 'node 1 is down'));
    expect(await answerAll()).toBe('SERVER_ERROR node 1 is down\r\nVERSION test\r\n');
    expect(lines(seat)).toEqual([]);
  });
  test('the key of the cluster is at every node', async () => {
    const { seat, ask } = connect();
    seat.placeOf = () => 1;
    expect(await ask('get AmazonElastiCache:cluster\r\n')).toBe('END\r\n');
    expect(lines(seat)).toEqual([]);
  });
});

describe('a request that another node cannot answer', () => {
  const down = new CodedError('ERR_X', 'node 1 is down');
  test('an error becomes the reply, except to noreply', async () => {
    const { seat, ask, answerAll } = connect();
    await ask('get x\r\nset x 0 0 1 noreply\r\n1\r\nms x 1 q\r\n1\r\nmn\r\n');
    for (const { settle } of seat.forwarded.splice(0)) settle(down);
    const line = 'SERVER_ERROR node 1 is down\r\n';
    expect(await answerAll()).toBe(`${line}${line}MN\r\n`);
  });
  test('an error of a binary request has its opaque and the words', async () => {
    const { seat, cluster, answerAll } = connect();
    cluster.send(packet({ opcode: OP.getq, key: 'x', opaque: 7 }));
    seat.forwarded.shift()!.settle(down);
    const { packets } = packetsOf(Buffer.from(await answerAll(), 'latin1'));
    expect(packets).toMatchObject([{ opaque: 7, status: 0x84, value: 'node 1 is down' }]);
  });
  test('a key without a primary gets an error, and its value is skipped', async () => {
    const { seat, ask } = connect();
    seat.placeOf = () => PLACE.nobody;
    const line = 'SERVER_ERROR no node of the cluster answers for the key\r\n';
    expect(await ask('set a 0 0 3\r\nget\r\nget a b\r\nmn\r\n')).toBe(`${line}${line}MN\r\n`);
  });
  test('a request waits while its key is undecided, and the requests behind it', async () => {
    const { seat, cluster, ask, take } = connect();
    const { placeOf } = seat;
    seat.placeOf = () => PLACE.undecided;
    expect(await ask('version\r\nset a 0 0 1\r\n1\r\nget b a\r\nversion\r\n')).toBe(
      'VERSION test\r\n',
    );
    expect(cluster.isPaused).toBe(true);
    seat.placeOf = placeOf;
    seat.decisions.shift()!.resolve();
    await cluster.settle();
    expect(take()).toBe('STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\nVERSION test\r\n');
    expect(cluster.isPaused).toBe(false);
  });
  test('a key that stays undecided gets an error, with the reason of the cluster', async () => {
    const { seat, cluster, ask, take } = connect();
    seat.placeOf = () => PLACE.undecided;
    await ask('set a 0 0 3\r\nget\r\nmn\r\n');
    seat.decisions.shift()!.reject(new CodedError('ERR_X', 'no decision after 2 s'));
    await cluster.settle();
    expect(take()).toBe('SERVER_ERROR no decision after 2 s\r\nMN\r\n');
    await ask('get a b\r\nmn\r\n');
    let waits = 0;
    for (; seat.decisions.length > 0 && waits < 100; waits++) {
      seat.decisions.shift()!.resolve();
      await cluster.settle();
    }
    expect(waits).toBe(8);
    const error = 'SERVER_ERROR the cluster changes: no node answers for the key yet';
    expect(take()).toBe(`${error}\r\nMN\r\n`);
  });
  test('a value for a key that moves while it arrives is refused', async () => {
    const { seat, ask } = connect();
    await ask('set a 0 0 1\r\n1\r\n');
    await ask('set a 0 0 5\r\n12');
    const { placeOf } = seat;
    seat.placeOf = () => 1;
    expect(await ask('345\r\nmn\r\n')).toBe(
      'SERVER_ERROR the key moved to another node while its value arrived\r\nMN\r\n',
    );
    seat.placeOf = placeOf;
    expect(await ask('get a\r\n')).toBe('VALUE a 0 1\r\n1\r\nEND\r\n');
  });
});

describe('the throttle', () => {
  test('a request that waits again is not another one', async () => {
    const { seat, cluster, ask, take } = connect();
    const [wakes, firsts]: [(() => void)[], boolean[]] = [[], []];
    const throttle = {
      isOver: true,
      wait: (wake: () => void, isFirst: boolean): void => {
        wakes.push(wake);
        firsts.push(isFirst);
      },
      leave: () => {},
    };
    seat.throttle = throttle;
    expect(await ask('mn\r\nmn\r\n')).toBe('');
    wakes.shift()!();
    await cluster.settle();
    expect(firsts).toEqual([true, false]);
    throttle.isOver = false;
    wakes.shift()!();
    await cluster.settle();
    expect(take()).toBe('MN\r\nMN\r\n');
    throttle.isOver = true;
    expect(await ask('mn\r\n')).toBe('');
    expect(firsts).toEqual([true, false, true]);
  });
});
