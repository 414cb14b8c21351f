import { describe, expect, test } from 'vitest';
import {
  decodeLine,
  encodeLine,
  LINE_CHARACTERS_MAX,
  textLines,
} from '../../../../src/base/log/log-record.ts';

const HEAD = { time: '2026-11-30T12:30:59.123Z', level: 'warn', pid: 7 } as const;
const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

/** Characters that a terminal acts on, that end a line, or that change the order of others. */
const HIDDEN = '\u0000\u0007\b\n\r\u001b[2J\u007f\u0085\u009b\u2028\u2029\u202e\ud800\u{e0041}';

describe('a line of JSON', () => {
  test('a line has time, level, process id, facts and text in this order', () => {
    expect(encodeLine(HEAD, { user: 'bob', tries: 2 }, 'a login failed')).toBe(
      '{"time":"2026-11-30T12:30:59.123Z","level":"warn","pid":7,"user":"bob","tries":2,' +
        '"msg":"a login failed"}',
    );
  });

  test.each<[string, object]>([
    ['hidden characters', { key: HIDDEN, [HIDDEN]: HIDDEN, list: [HIDDEN] }],
    ['a cycle', { cycle, user: 'bob' }],
    ['what JSON does not have', { big: 1n, nan: Number.NaN, none: undefined, symbol: Symbol('a') }],
    ['an error', { error: new Error('broken') }],
    ['a long fact', { reason: 'x'.repeat(1_000_000) }],
    ['a long fact of hidden characters', { reason: '\u0001'.repeat(100_000) }],
    ['a long list', { users: Array.from({ length: 10_000 }, (_, i) => `user-${i}`) }],
    [
      'many facts',
      Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`fact-${i}`, HIDDEN])),
    ],
    ['a long name', { ['n'.repeat(100_000)]: 1 }],
    [
      'a throwing fact',
      {
        get: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      },
    ],
    ['names of the head', { time: 'never', level: 'none', pid: 'x', msg: 'other' }],
  ])('a line with %s is one bounded line of valid JSON', (_, facts) => {
    for (const msg of ['text', HIDDEN, 'm'.repeat(100_000)]) {
      const line = encodeLine(HEAD, facts, msg);
      expect(line.length).toBeLessThanOrEqual(LINE_CHARACTERS_MAX);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      const record = JSON.parse(line) as Record<string, unknown>;
      expect(record).toMatchObject(HEAD);
      expect(msg.startsWith(String(record['msg']))).toBe(true);
      expect(record['cut'] ?? false).toBe(record['msg'] !== msg || line.includes('"cut"'));
    }
  });

  test('a long line keeps the start of each fact, and says that it is cut', () => {
    const line = encodeLine(HEAD, { reason: 'r'.repeat(9000), user: 'bob' }, 'a text');
    expect(JSON.parse(line)).toEqual({
      ...HEAD,
      reason: 'r'.repeat(1024),
      user: 'bob',
      cut: true,
      msg: 'a text',
    });
  });

  test('a line of another program is no line of a log', () => {
    const others = ['', 'null', '[]', '7', '{}', '{"level":"warn","msg":"a"}', 'FATAL ERROR: heap'];
    for (const line of others) expect(decodeLine(line)).toBeUndefined();
    expect(decodeLine('{"time":"a","level":"loud","msg":"b"}')).toBeUndefined();
  });
});

describe('a line of text', () => {
  test('a line has the time, the level, the text and the facts that need quotes in quotes', () => {
    const facts = { user: 'bob', file: '/a b', empty: '', equal: 'a=b', port: 7, list: ['x'] };
    expect(textLines(encodeLine(HEAD, facts, 'a login failed'))).toEqual([
      '2026-11-30T12:30:59.123Z warn  a login failed  user=bob file="/a b" empty="" ' +
        'equal="a=b" port=7 list=["x"]',
    ]);
  });

  test('a line of a node in a cluster names the node', () => {
    const head = { ...HEAD, node: 'node-2', nodePort: 11_212 };
    expect(textLines(encodeLine(head, {}, 'a text'))).toEqual([
      '2026-11-30T12:30:59.123Z warn  node-2:11212 | a text',
    ]);
  });

  test('each line of a stack has the time and the level, and a stack is bounded', () => {
    const stack = Array.from({ length: 100 }, (_, i) => `    at call-${i}`).join('\n');
    const lines = textLines(encodeLine(HEAD, { stack }, 'a bug'));
    expect(lines).toHaveLength(31);
    for (const line of lines) expect(line.startsWith(`${HEAD.time} warn  `)).toBe(true);
    expect(lines[1]).toBe(`${HEAD.time} warn      at call-0`);
  });

  test('a text shows no character that a terminal acts on', () => {
    const lines = textLines(encodeLine(HEAD, { user: HIDDEN, [HIDDEN]: 1 }, HIDDEN));
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(textLines(`FATAL \u001b[2J`)).toEqual(['FATAL \\u001b[2J']);
  });
});
