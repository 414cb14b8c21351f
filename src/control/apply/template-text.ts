import type { Node, Pair } from 'yaml';
import { CodedError } from '../../base/index.ts';

/** A value of a template. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/** CloudFormation's own bound. */
export const TEMPLATE_BYTES_MAX = 1 << 20;
/** Values of a template, also those that aliases of YAML repeat. */
const VALUES_MAX = 50_000;
const DEPTH_MAX = 60;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

export const wrong = (message: string): CodedError => new CodedError('ERR_TEMPLATE', message);

/**
 * Reads a template: JSON, or YAML with CloudFormation's short tags, which become functions.
 * @throws {CodedError} `ERR_TEMPLATE`
 */
export async function parseTemplateText(text: string): Promise<Json> {
  if (Buffer.byteLength(text) > TEMPLATE_BYTES_MAX) {
    throw wrong(`The template has over ${TEMPLATE_BYTES_MAX} bytes.`);
  }
  const json = /^\s*\{/.test(text) ? jsonOf(text) : undefined;
  return json === undefined ? await yamlOf(text) : new Reader().json(json, 0);
}

/** Undefined: it is no JSON; it may still be a mapping of YAML in braces. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Yaml = typeof import('yaml');

async function yamlOf(text: string): Promise<Json> {
  // Only this verb needs it.
  const yaml = await import('yaml');
  try {
    const document = yaml.parseDocument(text, { schema: 'core', merge: false, logLevel: 'silent' });
    const [error] = document.errors;
    if (error !== undefined) throw wrong(`The template is no YAML: ${error.message.trim()}`);
    return new Reader(yaml).node(document.contents, 0);
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge();
    throw cause;
  }
}

const tooLarge = (): CodedError =>
  wrong(
    `The template has over ${VALUES_MAX} values (aliases count), or is deeper than ${DEPTH_MAX}.`,
  );

/** Copies what a parser has read, and counts it. */
class Reader {
  readonly #yaml: Yaml | undefined;
  readonly #anchors = new Map<string, Node>();
  #values = 0;

  constructor(yaml?: Yaml) {
    this.#yaml = yaml;
  }

  json(value: unknown, depth: number): Json {
    this.#count(depth);
    if (isList(value)) return value.map((each) => this.json(each, depth + 1));
    refuseNul(value);
    if (!isObject(value)) return value as Json;
    const pairs = Object.entries(value);
    return objectOf(pairs.map(([name, each]) => [name, this.json(each, depth + 1)]));
  }

  node(node: unknown, depth: number): Json {
    this.#count(depth);
    const { isAlias, isMap, isScalar, isSeq } = this.#yaml!;
    if (node === null || node === undefined) return null;
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined)
        throw wrong(`There is no anchor &${node.source} before *${node.source}.`);
      return this.node(target, depth + 1);
    }
    if (!isMap(node) && !isSeq(node) && !isScalar(node)) throw wrong('The template is no YAML.');
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    const value = isMap(node)
      ? objectOf(node.items.map((pair) => this.#pair(pair as Pair, depth)))
      : isSeq(node)
        ? node.items.map((each) => this.node(each, depth + 1))
        : scalarOf(node.value, node.source);
    return tagged(node.tag, value);
  }

  #pair({ key, value }: Pair, depth: number): readonly [string, Json] {
    const name = this.node(key, depth + 1);
    if (typeof name === 'object') throw wrong('A name in the template is no text.');
    return [String(name), this.node(value, depth + 1)];
  }

  #count(depth: number): void {
    if (++this.#values > VALUES_MAX || depth > DEPTH_MAX) throw tooLarge();
  }
}

/** References that are not known yet are written with NUL. */
function refuseNul(value: unknown): void {
  if (typeof value !== 'string' || !value.includes('\0')) return;
  throw wrong('A text of the template has a NUL character.');
}

/** A number keeps its digits where it does not fit into a double: `012345678901`, `1e999`. */
function scalarOf(value: unknown, source: string | undefined): Json {
  refuseNul(value);
  if (typeof value === 'number' && String(value) !== source) return source ?? String(value);
  return typeof value === 'bigint' ? String(value) : (value as Json);
}

/** `!Sub x` is `{ "Fn::Sub": "x" }`. */
function tagged(tag: string | undefined, value: Json): Json {
  const name = /^!([A-Za-z0-9]+)$/.exec(tag ?? '')?.[1];
  if (name === undefined) {
    if (tag === undefined || /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/.test(tag))
      return value;
    throw wrong(`The template has the tag ${tag}, which CloudFormation does not know.`);
  }
  if (name === 'Ref' || name === 'Condition') return { [name]: value };
  if (name !== 'GetAtt' || typeof value !== 'string') return { [`Fn::${name}`]: value };
  const dot = value.indexOf('.');
  if (dot < 0) throw wrong(`!GetAtt ${value} must name a resource and an attribute: Web.Port.`);
  return { 'Fn::GetAtt': [value.slice(0, dot), value.slice(dot + 1)] };
}

function objectOf(pairs: readonly (readonly [string, Json])[]): JsonObject {
  if (pairs.some(([name]) => name === '__proto__')) throw wrong('No name may be __proto__.');
  return Object.fromEntries(pairs);
}
