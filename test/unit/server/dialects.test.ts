import { describe, expect, test } from 'vitest';
import { audit } from '../../support/audit.ts';
import {
  counterExtras,
  OP,
  packet,
  packetsOf,
  storeExtras,
  uint32Extras,
} from '../../support/binary-wire.ts';
import { everyCut, pieces } from '../../support/cuts.ts';
import { SessionHarness, testShare } from '../../support/session-harness.ts';

const META =
  'ms a 2 T0 F5 c k O1 s\r\nhi\r\nmg a s v f k O2\r\nms AAFi 1 b k\r\nx\r\nmg AAFi b k v\r\n' +
  'ma n N0 J9 v\r\nma n D5 v t\r\nms a 3 MA C77\r\nxyz\r\nms a 3 E99 c\r\nxyz\r\n' +
  'md a I T30\r\nmg a v\r\nmd a x q\r\nmg z N30 v\r\nme none\r\nmn\r\n';
const META_REPLIES =
  'HD c1 ka O1 s2\r\nVA 2 s2 f5 ka O2\r\nhi\r\nHD kAAFi b\r\nVA 1 kAAFi b\r\nx\r\n' +
  'VA 1\r\n9\r\nVA 2 t-1\r\n14\r\nEX\r\nHD c99\r\nHD\r\n' +
  'VA 3 X W\r\nxyz\r\nVA 0 W\r\n\r\nEN\r\nMN\r\n';

const BINARY = Buffer.concat([
  packet({ opcode: OP.set, key: 'a', extras: storeExtras(7), value: 'hi', opaque: 1 }),
  packet({ opcode: OP.getk, key: 'a', opaque: 2 }),
  packet({ opcode: OP.appendq, key: 'a', value: '!!', opaque: 3 }),
  packet({ opcode: OP.gat, key: 'a', extras: uint32Extras(100), opaque: 4 }),
  packet({ opcode: OP.getkq, key: 'none', opaque: 5 }),
  packet({ opcode: OP.incr, key: 'n', extras: counterExtras(1n, 10n), opaque: 6 }),
  packet({ opcode: OP.stat, key: 'bogus', value: 'unasked', opaque: 7 }),
  packet({ opcode: 0x99, key: 'abc', extras: uint32Extras(1), value: 'body', opaque: 8 }),
  packet({ opcode: OP.verbosity, extras: uint32Extras(1), opaque: 9 }),
  packet({ opcode: OP.noop, opaque: 10 }),
]);

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('meta', () => {
  test('a session sends the same replies wherever its input is cut', () => {
    const bytes = latin1(META);
    for (const cuts of everyCut(bytes)) {
      const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
      const parts = pieces(bytes, cuts).map((piece) => Buffer.from(piece));
      expect(harness.feedPieces(parts), `cut at ${cuts}`).toBe(META_REPLIES);
      expect(audit(harness.parts), `cut at ${cuts}`).toEqual([]);
    }
  });
});

describe('binary', () => {
  test('a session sends the same replies wherever its input is cut', () => {
    const whole = new SessionHarness(testShare()).feedPieces([BINARY]);
    const { packets } = packetsOf(latin1(whole));
    expect(packets.map(({ opaque, status, value }) => [opaque, status, value])).toEqual([
      [1, 0, ''],
      [2, 0, 'hi'],
      [4, 0, 'hi!!'],
      [6, 0, '\0\0\0\0\0\0\0\n'],
      [7, 1, 'Not found'],
      [8, 0x81, 'Unknown command'],
      [9, 0, ''],
      [10, 0, ''],
    ]);
    for (const cuts of everyCut(BINARY)) {
      const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
      const parts = pieces(BINARY, cuts).map((piece) => Buffer.from(piece));
      expect(harness.feedPieces(parts), `cut at ${cuts}`).toBe(whole);
      expect(audit(harness.parts), `cut at ${cuts}`).toEqual([]);
    }
  });
});

test.each([
  ['meta', latin1(META)],
  ['binary', BINARY],
])('%s: a client that disconnects at any byte leaves a consistent store', (_name, bytes) => {
  for (let end = 0; end <= bytes.length; end++) {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 1 << 20 }));
    harness.feed(bytes.subarray(0, end));
    harness.session.abandon();
    expect(audit(harness.parts), `${end} bytes`).toEqual([]);
  }
});

test('the node stores, shows and compares a CAS id of 64 bits that the client chose', () => {
  const harness = new SessionHarness(testShare());
  const cas = '18446744073709551615';
  expect(harness.send(`ms a 1 F9 E${cas} c\r\nx\r\nmg a c f v\r\n`)).toBe(
    `HD c${cas}\r\nVA 1 c${cas} f9\r\nx\r\n`,
  );
  expect(harness.send(`gets a\r\ncas a 0 0 1 ${cas}\r\ny\r\n`)).toBe(
    `VALUE a 9 1 ${cas}\r\nx\r\nEND\r\nSTORED\r\n`,
  );
  expect(harness.send(`mg a c C${cas}\r\nma a\r\n`)).not.toContain(`c${cas}`);
  expect(audit(harness.parts)).toEqual([]);
});

test('flush_all also hides items with CAS ids that clients chose, even the largest id', () => {
  const harness = new SessionHarness(testShare());
  harness.send('ms a 1 E18446744073709551615\r\nx\r\n');
  expect(harness.send('flush_all\r\nmg a v\r\n')).toBe('OK\r\nEN\r\n');
});

test('incr draws a new CAS id for an item whose CAS id a client chose', () => {
  const harness = new SessionHarness(testShare());
  harness.send('ms n 1 E500\r\n9\r\n');
  expect(harness.send('incr n 1\r\n')).toBe('10\r\n');
  expect(harness.send('mg n c v\r\n')).not.toContain('c500');
  expect(harness.send('ma n E77 c v\r\nmg n c v\r\n')).toBe('VA 2 c77\r\n11\r\nVA 2 c77\r\n11\r\n');
  expect(audit(harness.parts)).toEqual([]);
});
