/** The members of a request, from its form; pure. */
import { ApiError, invalidValue } from './errors.ts';
import type { Field, Fields, MembersOf } from './fields.ts';
import type { FormNode } from './query.ts';

/** The quota of a list, whatever its operation takes. */
const ELEMENTS_MAX = 500;
const INTEGER_MAX = 2 ** 31 - 1;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?$/;

/**
 * Reads the members that an operation has; others are ignored, as newer clients may send them.
 * @throws {ApiError} `MissingParameter` or `InvalidParameterValue`
 */
export function readMembers<const S extends Fields>(form: FormNode, fields: S): MembersOf<S> {
  return readStructure(form, fields, '') as MembersOf<S>;
}

function readStructure(node: FormNode, fields: Fields, path: string): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const given = node.parts.get(name);
    const value = given === undefined ? undefined : readValue(given, field, `${path}${name}`);
    if (value !== undefined) members[name] = value;
    else if (field.isRequired === true) throw missing(`${path}${name}`);
  }
  return members;
}

/** Undefined: it is not given. */
function readValue(node: FormNode, field: Field, path: string): unknown {
  switch (field.kind) {
    case 'list':
      return readList(node, field.element, field.of, path);
    case 'map':
      throw invalidValue(`${path} can only be given in JSON.`);
    case 'structure':
      return node.parts.size === 0 ? undefined : readStructure(node, field.fields, `${path}.`);
    default:
      return node.value === undefined ? undefined : readScalar(node.value, field, path);
  }
}

function readScalar(value: string, field: Field, path: string): unknown {
  switch (field.kind) {
    case 'text':
      if (field.values === undefined || field.values.includes(value)) return value;
      throw invalidValue(
        `Value ${quoted(value)} at ${path} is not valid: it must be one of ` +
          `${field.values.join(', ')}.`,
      );
    case 'integer':
      return readNumber(value, /^-?\d{1,10}$/, path, 'a whole number');
    case 'decimal':
      return readNumber(value, /^-?\d{1,15}(?:\.\d{1,15})?$/, path, 'a number');
    case 'boolean':
      if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
      throw invalidValue(`Value ${quoted(value)} at ${path} must be true or false.`);
    default:
      return readTime(value, path);
  }
}

function readNumber(value: string, pattern: RegExp, path: string, what: string): number {
  const number = Number(value);
  if (pattern.test(value) && Math.abs(number) <= INTEGER_MAX) return number;
  throw invalidValue(`Value ${quoted(value)} at ${path} must be ${what}.`);
}

/** Without a zone it is in UTC. Undefined: the text is no time. */
export function timeIn(value: string): number | undefined {
  const ms = TIME.test(value) ? Date.parse(hasZone(value) ? value : `${value}Z`) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

function readTime(value: string, path: string): number {
  const ms = timeIn(value);
  if (ms !== undefined) return ms;
  throw invalidValue(`Value ${quoted(value)} at ${path} must be a time such as 2026-11-29T08:00Z.`);
}

const hasZone = (value: string): boolean => /(?:Z|[+-]\d\d:?\d\d)$/.test(value);

/**
 * `Tags.Tag.1`, as the model says; `Tags.member.1` and `Tags.1` of other clients. An empty list is
 * `Tags=`.
 */
function readList(
  node: FormNode,
  element: string,
  of: Field,
  path: string,
): readonly unknown[] | undefined {
  const { parts } = node;
  const numbered = parts.get(element) ?? parts.get('member') ?? node;
  const elements = [...numbered.parts].map(([part, each]) => [indexOf(part, path), each] as const);
  if (elements.length > ELEMENTS_MAX) {
    throw invalidValue(
      `${path} has ${elements.length} elements; at most ${ELEMENTS_MAX} are read.`,
    );
  }
  if (elements.length === 0) return node.value === undefined ? undefined : [];
  elements.sort(([a], [b]) => a - b);
  return elements.map(([index, each]) => {
    const place = `${path}.${element}.${index}`;
    const value = readValue(each, of, place);
    if (value === undefined) throw missing(place);
    return value;
  });
}

function indexOf(part: string, path: string): number {
  if (/^[1-9]\d{0,8}$/.test(part)) return Number(part);
  throw invalidValue(`${path} is a list: its elements have numbers from 1, not ${quoted(part)}.`);
}

const missing = (path: string): ApiError =>
  new ApiError('MissingParameter', `The request must contain the parameter ${path}.`);

const SHOWN_MAX = 100;
/** What a caller has sent, in a message: not more of it than a person reads. */
const quoted = (value: string): string =>
  `'${value.length > SHOWN_MAX ? `${value.slice(0, SHOWN_MAX)}…` : value}'`;
