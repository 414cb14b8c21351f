import { describe, expect, test } from 'vitest';
import { History, type KeyReply, type KeyRequest } from '../support/cluster-simulation/history.ts';
import { judge, type LawOptions, mayComeBack } from '../support/cluster-simulation/law.ts';

const get: KeyRequest = { kind: 'get' };
const remove: KeyRequest = { kind: 'delete' };
const vanish: KeyRequest = { kind: 'vanish' };
const undo: KeyRequest = { kind: 'undo' };
const incr: KeyRequest = { kind: 'incr', by: 1 };
const flush: KeyRequest = { kind: 'flush' };
const revert: KeyRequest = { kind: 'revert' };
const set = (value: string, ttl = 0): KeyRequest => ({ kind: 'set', value, ttl });
const add = (value: string): KeyRequest => ({ kind: 'add', value });
const cas = (id: string, value: string): KeyRequest => ({ kind: 'cas', id, value });
const done: KeyReply = { kind: 'done' };
const miss: KeyReply = { kind: 'miss' };
const exists: KeyReply = { kind: 'exists' };
const hit = (value: string, id: string): KeyReply => ({ kind: 'hit', value, id });
const number = (value: string): KeyReply => ({ kind: 'number', value });

/** A request with its reply; a request alone has none. */
type Step = readonly [KeyRequest, KeyReply] | readonly [KeyRequest];

/** The steps one after the other. */
function inOrder(...steps: readonly Step[]): History {
  const history = new History();
  for (const [request, reply] of steps) {
    const operation = history.begin('a', 'key', request);
    if (reply !== undefined) history.end(operation, reply);
  }
  return history;
}

/** First the steps one after the other, then all others at the same time, in this order of ends. */
function atOnce(first: readonly Step[], ...others: readonly Step[]): History {
  const history = inOrder(...first);
  const open = others.map(([request, reply], nth) => ({
    operation: history.begin(`b${nth}`, 'key', request),
    reply,
  }));
  for (const { operation, reply } of open) if (reply !== undefined) history.end(operation, reply);
  return history;
}

const RIGHT: readonly (readonly [string, History])[] = [
  ['reads what was written last', inOrder([get, miss], [set('1'), done], [get, hit('1', '7')])],
  ['adds once', inOrder([add('1'), done], [add('2'), exists], [get, hit('1', '7')])],
  ['deletes once', inOrder([set('1'), done], [remove, done], [remove, miss], [get, miss])],
  ['counts', inOrder([incr, miss], [set('9'), done], [incr, number('10')], [get, hit('10', '2')])],
  [
    'compares and sets with the id that was read',
    inOrder([set('1'), done], [get, hit('1', '7')], [cas('7', '2'), done], [cas('7', '3'), exists]),
  ],
  ['reads a value that is being written, or not yet', atOnce([], [get, miss], [set('1'), done])],
  [
    'orders operations at the same time as their replies need it',
    atOnce([[set('1'), done]], [set('2'), done], [get, hit('3', '9')], [set('3'), done]),
  ],
  [
    'lets a change without a reply take effect late',
    inOrder([set('1'), done], [set('2')], [get, hit('1', '5')], [get, hit('2', '6')]),
  ],
  ['lets it never take effect', inOrder([set('1'), done], [remove], [get, hit('1', '5')])],
  ['lets a key vanish once its node has died', inOrder([set('1'), done], [vanish], [get, miss])],
  [
    'lets a death undo what has no reply, also after it was read',
    inOrder([set('1'), done], [set('2')], [get, hit('2', '6')], [undo], [get, hit('1', '5')]),
  ],
  [
    'counts an increment without a reply once or never',
    inOrder([set('1'), done], [incr], [incr, number('3')], [incr], [incr, number('4')]),
  ],
];

const WRONG: readonly (readonly [string, History, RegExp])[] = [
  [
    'an old value',
    inOrder([set('1'), done], [set('2'), done], [get, hit('1', '7')]),
    /"4…5 a: get -> hit 1 7" is wrong: the key has 2\n/,
  ],
  [
    'a value that went back',
    inOrder([set('1'), done], [set('2')], [get, hit('2', '6')], [get, hit('1', '5')]),
    /is wrong: the key has 2 6\n/,
  ],
  ['a lost value', inOrder([set('1'), done], [get, miss]), /-> miss" is wrong: the key has 1\n/],
  [
    'a revived key',
    inOrder([set('1'), done], [remove, done], [get, hit('1', '7')]),
    /the key has nothing\n/,
  ],
  [
    'a key that vanished and came back',
    inOrder([set('1'), done], [vanish], [get, miss], [get, hit('1', '7')]),
    /the key has nothing\n/,
  ],
  [
    'a key that vanished twice for one death',
    inOrder([vanish], [set('1'), done], [get, miss], [set('2'), done], [get, miss]),
    /the key has 2\n/,
  ],
  [
    'a change with a reply that a death undid',
    inOrder([set('1'), done], [set('2'), done], [get, hit('2', '6')], [undo], [get, hit('1', '5')]),
    /the key has 2 6\n/,
  ],
  [
    'a change that came back after a death undid it',
    inOrder(
      ...[
        [set('1'), done] as const,
        [set('2')] as const,
        [get, hit('2', '6')] as const,
        [undo] as const,
      ],
      ...[[get, hit('1', '5')] as const, [get, hit('2', '6')] as const],
    ),
    /the key has 1 5\n/,
  ],
  [
    'a lost increment',
    inOrder([set('1'), done], [incr, number('2')], [incr, number('2')]),
    /incr 1 -> number 2" is wrong: the key has 2\n/,
  ],
  [
    'an increment that counted twice',
    inOrder([set('1'), done], [incr], [get, hit('3', '7')]),
    /the key has 1 or 2\n/,
  ],
  [
    'two increments at the same time with one number',
    atOnce([[set('1'), done]], [incr, number('2')], [incr, number('2')]),
    /is wrong/,
  ],
  [
    'a cas that succeeds although the key has changed',
    inOrder(
      ...[[set('1'), done] as const, [get, hit('1', '7')] as const],
      ...[[set('2'), done] as const, [get, hit('2', '8')] as const, [cas('7', '3'), done] as const],
    ),
    /is wrong: the key has 2 8\n/,
  ],
  [
    'a cas that succeeds twice with one id',
    atOnce(
      [
        [set('1'), done],
        [get, hit('1', '7')],
      ],
      [cas('7', '2'), done],
      [cas('7', '3'), done],
    ),
    /cas succeeded twice with the id 7/,
  ],
  [
    'two values with one id',
    inOrder([set('1'), done], [get, hit('1', '7')], [set('2'), done], [get, hit('2', '7')]),
    /the values 1 and 2 have the same id 7/,
  ],
  ['a cas on nothing', inOrder([cas('7', '2'), done]), /the key has nothing\n/],
  [
    'a cas that fails with the id of the key',
    inOrder([set('1'), done], [get, hit('1', '7')], [cas('7', '2'), exists]),
    /the key has 1 7\n/,
  ],
  ['an add over an item', inOrder([set('1'), done], [add('2'), done]), /the key has 1\n/],
  ['an add refused by nothing', inOrder([add('2'), exists]), /the key has nothing\n/],
];

const violationsOf = (history: History, options?: LawOptions) => judge(history, options).violations;

describe('the law of a cluster, in the history of a key', () => {
  test.each(RIGHT)('a right history: %s', (_title, history) => {
    expect(violationsOf(history)).toEqual([]);
  });

  test.each(WRONG)('the checker finds %s', (_title, history, sentence) => {
    expect(violationsOf(history).join('\n')).toMatch(sentence);
  });

  test('a miss is right at any moment where evictions are possible, an old value is not', () => {
    const lost = inOrder([set('1'), done], [get, miss], [set('2'), done], [incr, miss]);
    expect(violationsOf(lost)).not.toEqual([]);
    expect(violationsOf(lost, { mayVanish: true })).toEqual([]);
    // Another holder, which has not evicted it, has become primary.
    const back = inOrder([set('1'), done], [get, miss], [get, hit('1', '7')]);
    expect(violationsOf(back, { mayVanish: true })).toEqual([]);
    const old = inOrder([set('1'), done], [set('2'), done], [get, miss], [get, hit('1', '7')]);
    expect(violationsOf(old, { mayVanish: true }).join()).toMatch(/the key has 2( or nothing)?\n/);
    const removed = inOrder([set('1'), done], [remove, miss], [get, hit('1', '7')]);
    expect(violationsOf(removed, { mayVanish: true }).join()).toMatch(/the key has nothing\n/);
  });

  test('a flush removes what was acknowledged before it began', () => {
    const right = inOrder([set('1'), done], [flush, done], [get, miss], [add('2'), done]);
    expect(violationsOf(right)).toEqual([]);
    const wrong = inOrder([set('1'), done], [flush, done], [get, hit('1', '7')]);
    expect(violationsOf(wrong).join()).toMatch(/the key has nothing\n/);
  });

  test('while a flush runs, a key may be missing and there again', () => {
    const reads: Step[] = [
      [get, miss],
      [get, hit('1', '7')],
      [flush, done],
      [get, miss],
    ];
    expect(violationsOf(atOnce([[set('1'), done]], ...reads))).toEqual([]);
    expect(violationsOf(inOrder([set('1'), done], ...reads))).not.toEqual([]);
  });

  test('a death brings an old item back only where the last changes may be lost', () => {
    const steps: Step[] = [[set('1'), done], [set('2'), done], [revert], [get, hit('1', '7')]];
    expect(violationsOf(inOrder(...steps), { mayRevert: true })).toEqual([]);
    expect(violationsOf(inOrder(...steps.filter(([{ kind }]) => kind !== 'revert')))).not.toEqual(
      [],
    );
    const never = inOrder([set('1'), done], [revert], [get, hit('3', '7')]);
    expect(violationsOf(never, { mayRevert: true })).not.toEqual([]);
  });

  test('an item expires at its time, give or take the seconds of the clocks', () => {
    const at = (ms: number, reply: KeyReply): readonly string[] => {
      let nowMs = 0;
      const history = new History(() => nowMs);
      history.end(history.begin('a', 'key', set('1', 10)), done);
      nowMs = ms;
      history.end(history.begin('a', 'key', get), reply);
      return violationsOf(history);
    };
    expect(at(5000, hit('1', '7'))).toEqual([]);
    expect(at(5000, miss).join()).toMatch(/the key has 1\n/);
    for (const reply of [hit('1', '7'), miss]) expect(at(10_000, reply)).toEqual([]);
    expect(at(15_000, miss)).toEqual([]);
    expect(at(15_000, hit('1', '7')).join()).toMatch(/is wrong/);
  });

  test('a key with too many open changes is not judged, and reads without a reply are none', () => {
    const lost = (request: (nth: number) => KeyRequest, count: number): History =>
      inOrder(...Array.from({ length: count }, (_, nth): Step => [request(nth)]), [get, miss]);
    expect(judge(lost((nth) => set(`${nth}`), 31)).undecided).toEqual(['key']);
    expect(judge(lost(() => get, 100)).undecided).toEqual([]);
  });

  test('an item may come back if it was current, or if its key is not judged', () => {
    const operationsOf = (...steps: readonly Step[]) => inOrder(...steps).byKey.get('key')!;
    const changed: readonly Step[] = [
      [set('1'), done],
      [set('2'), done],
    ];
    const item = { value: '1', id: '7' };
    expect(mayComeBack(operationsOf(changed[0]!), item, {})).toBe(true);
    expect(mayComeBack(operationsOf(...changed), item, {})).toBe(false);
    const lost = Array.from({ length: 31 }, (_, nth): Step => [set(`lost ${nth}`)]);
    expect(mayComeBack(operationsOf(...changed, ...lost), item, {})).toBe(true);
  });

  test('each key is checked alone', () => {
    const history = inOrder([set('1'), done]);
    history.end(history.begin('a', 'other', get), miss);
    expect(violationsOf(history)).toEqual([]);
    history.end(history.begin('a', 'other', get), hit('1', '7'));
    expect(violationsOf(history).join()).toMatch(/^other: /);
  });

  test('many changes without a reply are checked in a short time', () => {
    const steps = Array.from({ length: 20 }, (_, nth): Step => [set(`lost ${nth}`)]);
    const reads = Array.from({ length: 20 }, (_, nth): Step => [get, hit(`lost ${nth}`, `${nth}`)]);
    expect(violationsOf(inOrder(...steps, ...reads))).toEqual([]);
    expect(violationsOf(inOrder(...steps, ...reads, reads[3]!))).not.toEqual([]);
  });
});
