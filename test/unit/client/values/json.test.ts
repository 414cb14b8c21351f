import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { CacheError } from '../../../../src/client/base/errors.ts';
import { jsonOf } from '../../../../src/client/values/json.ts';

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;
const deep = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`);

class Point {
  readonly x = 1;
  readonly y = 2;
  /** A method is no property of the object itself. */
  length(): number {
    return Math.hypot(this.x, this.y);
  }
}
class Hidden {
  readonly #secret = 1;
  get secret(): number {
    return this.#secret;
  }
}
/** A class in the style before ES2015: its methods are enumerable. */
function Legacy(this: { name: string }): void {
  this.name = 'legacy';
}
Legacy.prototype.method = () => 1;

describe('the JSON of a value', () => {
  test.each([
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['an undefined property', { a: 1, b: undefined }, '{"a":1}'],
    [
      'empty objects and arrays',
      { a: {}, b: [], c: Object.create(null) },
      '{"a":{},"b":[],"c":{}}',
    ],
    ['an object of a class', { point: new Point() }, '{"point":{"x":1,"y":2}}'],
    ['methods of a prototype', Reflect.construct(Legacy, []), '{"name":"legacy"}'],
    ['its own toJSON', { a: { toJSON: () => [1] } }, '{"a":[1]}'],
    ['a Map with toJSON', Object.assign(new Map(), { toJSON: () => 5 }), '5'],
    ['boxed values', [Object(1), Object('x'), Object(false), Object('')], '[1,"x",false,""]'],
    ['a plain object of another realm', runInNewContext('({ a: {}, b: [1] })'), '{"a":{},"b":[1]}'],
    ['null', [null], '[null]'],
  ])('JSON keeps %s', (_, value, json) => {
    expect(jsonOf(value)).toBe(json);
  });

  test.each([
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a RegExp', /x/],
    ['an Error', new Error('x')],
    ['a Promise', Promise.resolve(1)],
    ['a WeakMap', new WeakMap()],
    ['a Hidden', new Hidden()],
    ['a Headers', new Headers({ a: 'b' })],
    ['a Response', new Response('x')],
    ['a Blob', new Blob(['x'])],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['a Float32Array', new Float32Array(2)],
    ['a Float32Array', new Float32Array(0)],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['undefined in an array', [undefined]],
    ['undefined in an array', new Array(2)],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('JSON would lose %s, anywhere in the value', (name, lost) => {
    for (const value of [{ lost }, [lost], { deep: [{ a: 1, deeper: { lost } }] }]) {
      const failure = { code: 'ERR_VALUE', mayHaveRun: false };
      expect(() => jsonOf(value)).toThrow(expect.objectContaining(failure));
      expect(() => jsonOf(value)).toThrow(`JSON cannot express ${name}.`);
    }
  });

  test.each([
    ['a bigint', { a: 1n }],
    ['a cycle', cycle],
    ['a getter that throws', Object.defineProperty({}, 'a', { enumerable: true, get: thrower })],
    ['a toJSON that throws', { toJSON: thrower }],
    ['a revoked proxy', revoked()],
  ])('%s fails with ERR_VALUE and the cause', (_, value) => {
    const error = failureOf(() => jsonOf(value));
    expect(error).toMatchObject({ code: 'ERR_VALUE', mayHaveRun: false });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('a value that is nested too deep fails with ERR_VALUE, or has JSON', () => {
    expect(jsonOf(deep)).toHaveLength(6000);
    let deeper: unknown = [];
    for (let level = 0; level < 1_000_000; level++) deeper = [deeper];
    expect(failureOf(() => jsonOf(deeper)).code).toBe('ERR_VALUE');
  });
});

function thrower(): never {
  throw new Error('a bug of the caller');
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return { proxy };
}

function failureOf(run: () => unknown): CacheError {
  try {
    run();
  } catch (error) {
    return error as CacheError;
  }
  throw new Error('it did not fail');
}
