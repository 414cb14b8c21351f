import { types } from 'node:util';
import { argumentError, encodeError } from '../base/errors.ts';

/**
 * The JSON of a value.
 * @throws {CacheError} ERR_ARGUMENT if there is no value; ERR_VALUE if it has no JSON (a cycle, a
 *     bigint, a getter that throws), or if its JSON would lose a part of it.
 */
export function jsonOf(value: unknown): string {
  const [json, loss] = stringify(value);
  if (json === undefined) throw argumentError(`A ${typeof value} has no JSON.`);
  if (loss === undefined) return json;
  const advice = 'Convert it first, give it a toJSON method, or use a `serializer`.';
  throw encodeError(`JSON cannot express ${loss}. ${advice}`);
}

function stringify(value: unknown): readonly [json: string | undefined, loss: string | undefined] {
  try {
    return [JSON.stringify(value), lossOf(value)];
  } catch (cause) {
    throw encodeError('JSON.stringify failed, see `cause`.', cause);
  }
}

/**
 * What `JSON.stringify` would lose of a value that it accepts:
 *
 *   a number without JSON     NaN and the infinities become null
 *   a function or a symbol    vanishes from an object, and becomes null in an array
 *   `undefined` in an array   becomes null; in an object it vanishes, which reads as `undefined`
 *   bytes                     become an object with an entry for each index, or {}
 *   an object of a class      becomes {} if it has no properties of its own: Map, Error, Response …
 *
 * An object with a `toJSON` method, such as a Date, decides about its JSON itself.
 *
 * The loops check text and numbers in place, because most parts of a value are such: the check of
 * a small object takes 40 ns, its JSON 190 ns.
 */
function lossOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
      return value - value === 0 ? undefined : String(value);
    case 'object':
      if (value === null) return undefined;
      return Array.isArray(value) ? lossInArray(value) : lossInObject(value);
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    default:
      return undefined;
  }
}

function lossInArray(values: readonly unknown[]): string | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'string' || (typeof value === 'number' && value - value === 0)) continue;
    if (value === undefined) return 'undefined in an array';
    const loss = lossOf(value);
    if (loss !== undefined) return loss;
  }
  return undefined;
}

function lossInObject(object: object): string | undefined {
  const properties = object as Readonly<Record<string, unknown>>;
  if (typeof properties['toJSON'] === 'function') return undefined;
  let isEmpty = true;
  for (const name in properties) {
    // The loop also visits the properties of prototypes, which JSON leaves out.
    if (isEmpty) isEmpty = !Object.hasOwn(object, name);
    const value = properties[name];
    if (typeof value === 'string' || typeof value === 'boolean') continue;
    const loss = lossOf(value);
    if (loss !== undefined && Object.hasOwn(object, name)) return loss;
  }
  return isEmpty || ArrayBuffer.isView(object) ? classWithoutJson(object) : undefined;
}

/** The class of an object whose JSON is {}, or of bytes; undefined for an empty plain object. */
function classWithoutJson(object: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(object);
  // The prototype of a plain object has none itself, also in a program with several realms.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (isPlain || types.isBoxedPrimitive(object)) return undefined;
  const { name } = object.constructor;
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}
