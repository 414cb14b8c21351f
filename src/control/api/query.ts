/** The names and values of a form, as requests of AWS's Query protocol have them; pure. */
import { ApiError } from './errors.ts';

/** So many names a request has at most: 20 parameters, 50 tags, 60 nodes need a part of it. */
const NAMES_MAX = 2000;
const NAME_LENGTH_MAX = 256;
/** `CacheUsageLimits.DataStorage.Unit` has three parts; the longest list has five. */
const DEPTH_MAX = 8;

/** A name of a form, whose parts are separated by dots: it has a value, further parts, or both. */
export interface FormNode {
  value: string | undefined;
  readonly parts: Map<string, FormNode>;
}

const newNode = (): FormNode => ({ value: undefined, parts: new Map() });

/**
 * Reads `a=1&b.c=x%20y`. A blank may be written as `+`.
 * @throws {ApiError} `MalformedQueryString`
 */
export function parseForm(form: string): FormNode {
  const root = newNode();
  const pairs = form.split('&').filter((pair) => pair !== '');
  if (pairs.length > NAMES_MAX) {
    throw malformed(`The request has ${pairs.length} members; at most ${NAMES_MAX} are read.`);
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    addTo(root, name, equals < 0 ? '' : decoded(pair.slice(equals + 1)));
  }
  return root;
}

function addTo(root: FormNode, name: string, value: string): void {
  const parts = name.split('.');
  if (name.length > NAME_LENGTH_MAX || parts.length > DEPTH_MAX) {
    throw malformed('The name of a member is too long.');
  }
  let node = root;
  for (const part of parts) {
    const next = node.parts.get(part) ?? newNode();
    node.parts.set(part, next);
    node = next;
  }
  if (node.value !== undefined) throw malformed(`The member ${name} is given twice.`);
  node.value = value;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('The request has an escape that is not valid, such as %ZZ.');
  }
}

const malformed = (message: string): ApiError => new ApiError('MalformedQueryString', message);
