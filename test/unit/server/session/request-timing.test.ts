import { beforeEach, describe, expect, test } from 'vitest';
import { PAUSE } from '../../../../src/server/session/states.ts';
import { OP, packet } from '../../../support/binary-wire.ts';
import { TimedSession, TimedThread } from '../../../support/timed-session.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

let thread: TimedThread;
let client: TimedSession;
beforeEach(() => {
  thread = new TimedThread();
  client = new TimedSession(thread);
});

describe('the kinds of requests', () => {
  const CLASSIC = [
    ['get a', 'get'],
    ['gets a b', 'get'],
    ['gat 0 a', 'gat'],
    ['set a 0 0 1\r\nx', 'set'],
    ['add a 0 0 1\r\nx', 'add'],
    ['replace a 0 0 1\r\nx', 'replace'],
    ['append a 0 0 1\r\nx', 'append'],
    ['prepend a 0 0 1\r\nx', 'prepend'],
    ['cas a 0 0 1 5\r\nx', 'cas'],
    ['delete a', 'delete'],
    ['incr a 1', 'incr'],
    ['decr a 1', 'decr'],
    ['touch a 0', 'touch'],
    ['flush_all', 'flush'],
    ['version', 'other'],
    ['stats', 'stats'],
    ['lru_crawler status', 'other'],
    ['nonsense', 'invalid'],
  ] as const;
  test.each(CLASSIC)('the node measures the classic request %j as %s', (line, command) => {
    client.receive(`${line}\r\n`);
    expect(thread.takeTexts()).toEqual([`${command} classic 1`]);
  });
  const META = [
    ['mg a v', 'get'],
    ['ms a 1\r\nx', 'set'],
    ['ms a 1 ME\r\nx', 'add'],
    ['md a', 'delete'],
    ['ma a', 'incr'],
    ['ma a MD', 'decr'],
    ['mn', 'noop'],
  ] as const;
  test.each(META)('the node measures the meta request %j as %s', (line, command) => {
    client.receive(`${line}\r\n`);
    expect(thread.takeTexts()).toEqual([`${command} meta 1`]);
  });
  const BINARY = [
    ['get', { opcode: OP.get, key: 'a' }],
    ['set', { opcode: OP.set, key: 'a', extras: Buffer.alloc(8), value: 'x' }],
    ['delete', { opcode: OP.delete, key: 'a' }],
    ['noop', { opcode: OP.noop }],
    ['stats', { opcode: OP.stat }],
    ['invalid', { opcode: 0xaa, value: 'body' }],
  ] as const;
  test.each(BINARY)('the node measures a %s of the binary protocol', (command, parts) => {
    const input = Buffer.concat([packet(parts), packet({ opcode: OP.noop })]);
    for (let pause = client.receive(input); pause === PAUSE.yielded; ) pause = client.turn(0);
    expect(thread.takeTexts()).toEqual([`${command} binary 1`, 'noop binary 1']);
  });
  test('each request of a pipeline has the time until the last reply has left', () => {
    client.receive('set a 0 0 1\r\nx\r\nget a\r\nmg a v\r\nset b 0 0 1 noreply\r\ny\r\n', 3);
    expect(thread.takeTexts()).toEqual([
      'set classic 3',
      'get classic 3',
      'get meta 3',
      'set classic 3',
    ]);
    expect(thread.seenKeys).toEqual(['a', 'a', 'a', 'b']);
  });
});

describe('a request that takes several turns', () => {
  test('the time until the rest of a value arrives does not count', () => {
    client.receive('get x\r\nset a 0 0 10\r\n01234', 2);
    expect(thread.takeTexts()).toEqual(['get classic 2']);
    thread.ms += 500;
    client.receive('567', 3);
    thread.ms += 500;
    expect(thread.takeTexts()).toEqual([]);
    client.receive('89\r\nget a\r\n', 5);
    expect(thread.takeTexts()).toEqual(['set classic 10', 'get classic 5']);
    expect(client.takeReply()).toBe('END\r\nSTORED\r\nVALUE a 0 10\r\n0123456789\r\nEND\r\n');
  });
  test('an incomplete line is measured from the read that completes it', () => {
    client.receive('get ', 7);
    thread.ms += 500;
    client.receive('a\r\n', 1);
    expect(thread.takeTexts()).toEqual(['get classic 1']);
  });
  test('the body of a refused value counts as part of the request', () => {
    client.receive('set a 0 0 2000000\r\n012', 1);
    client.receive(Buffer.alloc(1_999_997), 2);
    expect(thread.takeTexts()).toEqual([]);
    client.receive('\r\nversion\r\n', 4);
    expect(thread.takeTexts()).toEqual(['set classic 7', 'other classic 4']);
  });
  test('the time in which the client does not read does not count', () => {
    const keys = Array.from({ length: 80 }, (_, nth) => `k${nth}`);
    for (const key of keys) client.receive(`set ${key} 0 0 5000\r\n${'v'.repeat(5000)}\r\n`);
    thread.take();
    client.isReading = false;
    const get = `get ${keys.join(' ')}\r\n`;
    expect(client.receive(`version\r\n${get}version\r\n`, 2)).toBe(PAUSE.outputBlocked);
    expect(thread.takeTexts()).toEqual(['other classic 2']);
    thread.ms += 500;
    while (client.drain(3) === PAUSE.outputBlocked) thread.ms += 500;
    const [first, ...rest] = thread.take();
    expect(first).toMatchObject({ name: 'get classic' });
    expect(first!.ms).toBeLessThan(100);
    expect(rest.map(({ name }) => name)).toEqual(['other classic']);
  });
  test('a turn of other connections counts', () => {
    const turns = new TimedThread({}, { requestsPerTurn: 2 });
    const session = new TimedSession(turns);
    expect(session.receive('get a\r\nget b\r\nget c\r\n', 1)).toBe(PAUSE.yielded);
    turns.ms += 10;
    session.turn(1);
    expect(turns.takeTexts()).toEqual(['get classic 1', 'get classic 1', 'get classic 12']);
  });
  test('the wait for a promise counts, and what follows it waits too', async () => {
    const wait = Promise.withResolvers<string | undefined>();
    const waiting = new TimedThread({ reload: () => wait.promise });
    const session = new TimedSession(waiting);
    session.receive('version\r\nrefresh_certs\r\nget a\r\n', 1);
    expect(waiting.takeTexts()).toEqual(['other classic 1']);
    wait.resolve(undefined);
    await nextTurn();
    waiting.ms += 20;
    session.turn(1);
    expect(waiting.takeTexts()).toEqual(['other classic 22', 'get classic 22']);
  });
  test('a login has its own name, and its user and password are not decoded', async () => {
    const verify = () => Promise.resolve('readwrite' as const);
    const guarded = new TimedThread({}, { authenticator: { requiresLogin: true, verify } });
    const session = new TimedSession(guarded);
    session.receive('get secret\r\n', 1);
    session.receive('set u 0 0 3\r\nu p\r\nget a\r\n', 1);
    await nextTurn();
    session.turn(5);
    expect(guarded.takeTexts()).toEqual(['login classic 1', 'login classic 6', 'get classic 6']);
    expect(guarded.seenKeys).toEqual(['a']);
  });
  test('a long reply is complete with its last piece', () => {
    for (let nth = 0; nth < 2000; nth++) client.receive(`set key-${nth} 0 0 1\r\nx\r\n`);
    thread.take();
    let turns = 1;
    let pause = client.receive('lru_crawler metadump all\r\n', 1);
    while (pause === PAUSE.yielded) {
      turns++;
      pause = client.turn(1);
    }
    expect(turns).toBeGreaterThan(2);
    expect(thread.takeTexts()).toEqual([`other classic ${turns}`]);
  });
  test('a get of many keys leaves no large request behind', () => {
    const keys = Array.from({ length: 3000 }, (_, nth) => `k${nth}`);
    for (let pause = client.receive(`get ${keys.join(' ')}\r\n`); pause === PAUSE.yielded; ) {
      pause = client.turn();
    }
    expect(thread.takeTexts()).toHaveLength(1);
    expect(thread.samples.walk.request.keyCapacity).toBeLessThanOrEqual(1024);
  });
  test('a closed connection leaves no pending request', () => {
    client.receive('set a 0 0 10\r\n01234');
    const other = new TimedSession(thread);
    other.receive('get a\r\n');
    expect(thread.takeTexts()).toEqual(['get classic 1']);
  });
});

describe('a slow request', () => {
  const keyed = { keys: 1, keyHash: expect.stringMatching(/^[0-9a-f]{8}$/) as string };

  test('a thread reports a request that took the time or longer, without its key', () => {
    thread.slowMs = 5;
    client.receive('get secret\r\n', 4.9);
    client.receive('get secret\r\n', 5);
    expect(thread.slow).toEqual([
      {
        command: 'get',
        dialect: 'classic',
        ...keyed,
        ms: 5,
        bytesIn: 12,
        bytesOut: 5,
        requests: 1,
        address: 'client 7',
      },
    ]);
    expect(JSON.stringify(thread.slow)).not.toContain('secret');
    expect(thread.slowCount).toBe(1);
  });
  test('none is slow while the time is 0', () => {
    client.receive('get a\r\n', 100_000);
    expect(thread.slow).toEqual([]);
  });
  test('sampling misses no slow request', () => {
    thread.samples.interval = 1000;
    thread.samples.plan(thread.ms);
    thread.slowMs = 5;
    for (let nth = 0; nth < 10; nth++) client.receive('get a\r\n', 6);
    expect(thread.slowCount).toBe(10);
    expect(thread.take().length).toBeLessThan(10);
  });
  test('all requests that waited for each other are slow, with the time of the last reply', () => {
    thread.slowMs = 5;
    client.receive('set a 0 0 3\r\nabc\r\nget a\r\nmn\r\n', 6);
    expect(thread.slow).toMatchObject([
      { command: 'set', ...keyed, ms: 6, bytesIn: 18, requests: 3 },
      { command: 'get', ...keyed, ms: 6, bytesIn: 7, requests: 3 },
      { command: 'noop', dialect: 'meta', ms: 6, bytesIn: 4, requests: 3 },
    ]);
    expect(thread.slow[2]).not.toHaveProperty('keyHash');
    expect(thread.slow[0]!.bytesOut).toBe(client.takeReply().length);
  });
  test('a value that arrives in pieces is slow by the time of the node alone', () => {
    thread.samples.interval = 1000;
    thread.samples.plan(thread.ms);
    thread.slowMs = 5;
    client.receive('set a 0 0 9\r\n012', 2);
    thread.ms += 1000;
    client.receive('345', 2);
    thread.ms += 1000;
    client.receive('678\r\n', 2);
    expect(thread.slow).toMatchObject([{ command: 'set', ...keyed, ms: 6, bytesIn: 24 }]);
    client.receive('set a 0 0 9\r\n012', 1);
    thread.ms += 1000;
    client.receive('345678\r\n', 1);
    expect(thread.slow.length).toBe(1);
  });
  test('a thread lists ten in a second, and counts the others', () => {
    thread.slowMs = 1;
    for (let nth = 0; nth < 30; nth++) client.receive('get a\r\n', 1);
    expect(thread.slow.length).toBe(10);
    expect(thread.slowCount).toBe(30);
    thread.closeWindow();
    expect(thread.unlisted).toBe(20);
    client.receive('get a\r\n', 1);
    expect(thread.slow.length).toBe(11);
    thread.closeWindow();
    expect(thread.unlisted).toBe(20);
  });
  test('a login is no slow request, and the request after it is one', async () => {
    const verify = () => Promise.resolve('readwrite' as const);
    const guarded = new TimedThread({}, { authenticator: { requiresLogin: true, verify } });
    guarded.slowMs = 1;
    const session = new TimedSession(guarded);
    session.receive('set user 0 0 9\r\nuser pass\r\n', 0);
    await nextTurn();
    session.turn(50);
    expect([guarded.slow, guarded.slowCount]).toEqual([[], 0]);
    session.receive('get a\r\n', 50);
    expect(guarded.slow).toMatchObject([{ command: 'get', ms: 50 }]);
    expect(JSON.stringify(guarded.slow)).not.toMatch(/user|pass/);
  });
});
