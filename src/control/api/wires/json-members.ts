/** The members of requests and replies, as JSON has them; pure. */
import { ApiError, invalidValue } from '../errors.ts';
import type { Field, Fields } from '../fields.ts';
import { timeIn } from '../read-members.ts';

const ELEMENTS_MAX = 500;
const INTEGER_MAX = 2 ** 31 - 1;
const DECIMAL_MAX = 1e15;

/**
 * Reads the members that an operation has; others are ignored.
 * @throws {ApiError} `SerializationException`, `MissingParameter` or `InvalidParameterValue`
 */
export function readJson(value: unknown, fields: Fields, path = ''): Record<string, unknown> {
  if (!isObject(value)) throw malformed(path, 'an object');
  const members: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const place = `${path}${name}`;
    const given = Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
    if (given !== undefined) members[name] = readValue(given, field, place);
    else if (field.isRequired === true) {
      throw new ApiError('MissingParameter', `The request must contain the parameter ${place}.`);
    }
  }
  return members;
}

function readValue(value: unknown, field: Field, path: string): unknown {
  switch (field.kind) {
    case 'text':
      return readText(value, field.values, path);
    case 'integer':
      if (Number.isInteger(value)) return readNumber(value, INTEGER_MAX, path);
      throw malformed(path, 'a whole number');
    case 'decimal':
      return readNumber(value, DECIMAL_MAX, path);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw malformed(path, 'true or false');
    case 'time':
      return readTime(value, path);
    case 'map':
      return readMap(value, path);
    case 'list':
      return readList(value, path).map((each, nth) =>
        readValue(each ?? undefined, field.of, `${path}.${nth + 1}`),
      );
    case 'structure':
      return readJson(value, field.fields, `${path}.`);
  }
}

function readText(value: unknown, values: readonly string[] | undefined, path: string): string {
  if (typeof value !== 'string') throw malformed(path, 'a text');
  if (values === undefined || values.includes(value)) return value;
  throw invalidValue(`The value at ${path} is not valid: it must be one of ${values.join(', ')}.`);
}

function readNumber(value: unknown, max: number, path: string): number {
  if (typeof value === 'number' && Math.abs(value) <= max) return value;
  throw malformed(path, `a number of at most ${max}`);
}

/** Seconds since the Unix epoch, or a text of RFC 3339. */
function readTime(value: unknown, path: string): number {
  const ms = typeof value === 'string' ? timeIn(value) : secondsIn(value) * 1000;
  // So many milliseconds a date can have.
  if (ms !== undefined && Math.abs(ms) <= 8.64e15) return Math.round(ms);
  throw malformed(path, 'a time in seconds');
}

const secondsIn = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

function readMap(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (!isObject(value)) throw malformed(path, 'an object');
  const entries = Object.entries(value);
  checkCount(entries.length, path);
  return entries.map(([key, text]) => [key, readText(text, undefined, path)]);
}

function readList(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(path, 'a list');
  checkCount(value.length, path);
  return value;
}

function checkCount(count: number, path: string): void {
  if (count <= ELEMENTS_MAX) return;
  throw invalidValue(`${path} has ${count} elements; at most ${ELEMENTS_MAX} are read.`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const malformed = (path: string, what: string): ApiError =>
  new ApiError('SerializationException', `${path === '' ? 'The body' : path} must be ${what}.`);

/** The members of a reply as values of JSON: times in seconds. */
export function writeJson(members: object, fields: Fields): Record<string, unknown> {
  const values = members as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const value = values[name];
      return value === undefined ? [] : [[name, writeValue(value, field)]];
    }),
  );
}

function writeValue(value: unknown, field: Field): unknown {
  switch (field.kind) {
    case 'time':
      return (value as number) / 1000;
    case 'map':
      return Object.fromEntries(value as readonly (readonly [string, string])[]);
    case 'list':
      return (value as readonly unknown[]).map((each) => writeValue(each, field.of));
    case 'structure':
      return writeJson(value as object, field.fields);
    default:
      return value;
  }
}
