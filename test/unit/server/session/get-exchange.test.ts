import { describe, expect, test } from 'vitest';
import { PAUSE } from '../../../../src/server/session/states.ts';
import { OP, packet, packetsOf } from '../../../support/binary-wire.ts';
import { ManualSession, ManualThread } from '../../../support/manual-session.ts';

/** Sets keys k0, k1 … with values of this size, and returns the hits that a get shows. */
function fill(thread: ManualThread, count: number, bytes: number): readonly string[] {
  const setter = new ManualSession(thread);
  return Array.from({ length: count }, (_, i) => {
    const value = String.fromCharCode(97 + (i % 26)).repeat(bytes);
    setter.advance(`set k${i} ${i} 0 ${bytes}\r\n${value}\r\n`);
    return `VALUE k${i} ${i} ${bytes}\r\n${value}\r\n`;
  });
}
const getLine = (count: number) =>
  `get ${Array.from({ length: count }, (_, i) => `k${i}`).join(' ')}\r\n`;

describe('a get whose client reads slowly', () => {
  test('a get decodes its line once, however often it blocks', () => {
    const thread = new ManualThread();
    const hits = fill(thread, 100, 10_000);
    const session = new ManualSession(thread);
    session.isReading = false;
    const input = Buffer.from(`${getLine(100)}version\r\n`);
    thread.decodeCount = 0;
    let pauses = 0;
    let at = 0;
    while (session.advance(input, at) === PAUSE.outputBlocked) {
      at = session.session.at;
      // The line stays in the input until the get is complete.
      if (at === 0) pauses++;
    }
    expect(pauses).toBeGreaterThan(3);
    expect(session.takeReply()).toBe(`${hits.join('')}END\r\nVERSION test\r\n`);
    // The get, and version.
    expect(thread.decodeCount).toBe(2);
  });
  test('a get finds its keys where the connection has moved them to', () => {
    const thread = new ManualThread();
    const hits = fill(thread, 40, 10_000);
    const session = new ManualSession(thread);
    session.isReading = false;
    let input = Buffer.from(`version\r\n${getLine(40)}`);
    let at = 0;
    for (let nth = 0; session.advance(input, at) === PAUSE.outputBlocked; nth++) {
      // Another buffer, at another place, and the old one is overwritten.
      const rest = Buffer.from(input.subarray(session.session.at));
      input.fill(0x7a);
      at = (nth * 7) % 20;
      input = Buffer.concat([Buffer.alloc(at, 0x79), rest]);
    }
    expect(session.takeReply()).toBe(`VERSION test\r\n${hits.join('')}END\r\n`);
  });
  test('a get keeps its keys while other sessions of its thread decode requests', () => {
    const thread = new ManualThread();
    const hits = fill(thread, 40, 10_000);
    const [slow, other] = [new ManualSession(thread), new ManualSession(thread)];
    slow.isReading = false;
    const input = Buffer.from(getLine(40));
    while (slow.advance(input) === PAUSE.outputBlocked) {
      other.advance(`get ${'x'.repeat(200)} y z\r\ngat 9 k1\r\n`);
    }
    expect(slow.takeReply()).toBe(`${hits.join('')}END\r\n`);
  });
  test('a get gives its request back when it is complete, and when the connection closes', () => {
    const thread = new ManualThread();
    fill(thread, 40, 10_000);
    const { requests } = thread.context;
    for (const closes of [false, true]) {
      const session = new ManualSession(thread);
      session.isReading = false;
      const parked = requests.current;
      session.advance(getLine(40));
      expect(requests.current).not.toBe(parked);
      if (closes) session.session.abandon();
      else while (session.advance(getLine(40)) === PAUSE.outputBlocked);
      requests.park();
      expect(requests.current).toBe(parked);
    }
  });
});

describe('a get of large values', () => {
  const LARGE = 900_000;

  test('a get of large values decodes its line once for all of them', () => {
    const thread = new ManualThread();
    const hits = fill(thread, 3, LARGE);
    const session = new ManualSession(thread);
    const input = Buffer.from('get k0 k1 none k2\r\nversion\r\n');
    thread.decodeCount = 0;
    let turns = 1;
    let at = 0;
    for (; session.advance(input, at) === PAUSE.yielded; turns++) at = session.session.at;
    expect(session.takeReply()).toBe(`${hits.join('')}END\r\nVERSION test\r\n`);
    expect(turns).toBeGreaterThan(12);
    expect(thread.decodeCount).toBe(2);
  });
  test('a connection that closes between two pieces leaves no pinned item', () => {
    const thread = new ManualThread();
    fill(thread, 1, LARGE);
    const session = new ManualSession(thread);
    session.advance('get k0 k0\r\n');
    session.advance('get k0 k0\r\n');
    session.session.abandon();
    new ManualSession(thread).advance('delete k0\r\n');
    expect(thread.store.view.itemCount()).toBe(0);
    fill(thread, 5, LARGE);
  });
  test('binary gets keep their opaque', () => {
    const thread = new ManualThread();
    fill(thread, 2, LARGE);
    const session = new ManualSession(thread);
    const input = Buffer.concat([
      packet({ opcode: OP.get, key: 'k0', opaque: 11 }),
      packet({ opcode: OP.getk, key: 'k1', opaque: 12 }),
    ]);
    for (let at = 0; session.advance(input, at) === PAUSE.yielded; at = session.session.at);
    const { packets: replies } = packetsOf(Buffer.from(session.takeReply(), 'latin1'));
    expect(replies.map(({ opaque, key }) => [opaque, key])).toEqual([
      [11, ''],
      [12, 'k1'],
    ]);
  });
});
