/** The properties of resources: their kinds, and what a change of them means; pure. */
import type { Field, Fields } from '../api/fields.ts';
import { isList, isObject, type Json, type JsonObject, wrong } from './template-text.ts';

export interface Property {
  readonly kind: 'text' | 'integer' | 'boolean' | 'texts' | 'map' | 'tags' | 'object';
  /** The members of an object. */
  readonly fields?: Fields;
  /** A change makes a new resource in place of the old one. */
  readonly replaces?: true;
  readonly isRequired?: true;
  /** Its value is kept as a hash, and never shown. */
  readonly isSecret?: true;
  /**
   * What becomes of it when the template no longer has it: it gets this default, or its type does
   * that itself (`true`). Without it, a template that loses it is refused.
   */
  readonly removal?: true | { readonly standard: Json };
}

export const text: Property = { kind: 'text' };
export const integer: Property = { kind: 'integer' };
export const boolean: Property = { kind: 'boolean' };
export const texts: Property = { kind: 'texts' };
export const map: Property = { kind: 'map', removal: true };
export const tags: Property = { kind: 'tags', removal: true };
export const object = (fields: Fields): Property => ({ kind: 'object', fields });

export const required = (property: Property): Property => ({ ...property, isRequired: true });
export const replacing = (property: Property): Property => ({ ...property, replaces: true });
export const removable = (property: Property): Property => ({ ...property, removal: true });
export const defaulted = (property: Property, standard: Json): Property => {
  return { ...property, removal: { standard } };
};
export const secret = (property: Property): Property => ({ ...property, isSecret: true });

/** A reference to what is not there yet stands in texts between these. */
const UNKNOWN = '\0';
export const unknownText = (name: string): string => `${UNKNOWN}${name}${UNKNOWN}`;
export const isUnknown = (value: Json | undefined): boolean =>
  typeof value === 'string' && value.includes(UNKNOWN);

/**
 * The properties of a resource as its calls take them.
 * @throws {CodedError} `ERR_TEMPLATE`
 */
export function checkedProperties(
  id: string,
  given: JsonObject,
  properties: Readonly<Record<string, Property>>,
): JsonObject {
  const missing = Object.entries(properties).find(
    ([name, { isRequired }]) => isRequired && given[name] === undefined,
  );
  if (missing !== undefined) throw wrong(`${id} needs the property ${missing[0]}.`);
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (property === undefined) throw wrong(`${id} has the unknown property ${name}.`);
      return [name, valueFor(`${id}.${name}`, value, property)];
    }),
  );
}

function valueFor(place: string, value: Json, { kind, fields = {} }: Property): Json {
  switch (kind) {
    case 'text':
      return textFor(place, value);
    case 'integer':
      if (isUnknown(value) || /^-?\d{1,15}$/.test(String(value))) {
        return isUnknown(value) ? value : Number(value);
      }
      throw wrong(`${place} must be a whole number.`);
    case 'boolean':
      if (isUnknown(value)) return value;
      if (/^(?:true|false)$/i.test(String(value))) return String(value).toLowerCase() === 'true';
      throw wrong(`${place} must be true or false.`);
    case 'texts':
      return (isList(value) ? value : [value]).map((each) => textFor(place, each));
    case 'map':
      if (!isObject(value)) throw wrong(`${place} must be an object.`);
      return Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, textFor(`${place}.${name}`, each)]),
      );
    case 'tags':
      return tagsFor(place, value);
    default:
      return structureFor(place, value, fields);
  }
}

/** An object as the model of its call has it. */
function structureFor(place: string, value: Json, fields: Fields): Json {
  if (!isObject(value)) throw wrong(`${place} must be an object.`);
  const pairs = Object.entries(value);
  if (pairs.length === 0) throw wrong(`${place} is empty: write a member, or leave it out.`);
  return Object.fromEntries(
    pairs.map(([name, each]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field !== undefined) return [name, fieldFor(`${place}.${name}`, each, field)];
      throw wrong(`${place} has the unknown member ${name}.`);
    }),
  );
}

function fieldFor(place: string, value: Json, field: Field): Json {
  switch (field.kind) {
    case 'structure':
      return structureFor(place, value, field.fields);
    case 'list':
      if (!isList(value)) throw wrong(`${place} must be a list.`);
      return value.map((each, nth) => fieldFor(`${place}[${nth}]`, each, field.of));
    case 'text': {
      const text = textFor(place, value);
      const { values = [text] } = field;
      if (isUnknown(text) || values.includes(text)) return text;
      throw wrong(`${place} must be ${values.join(', ')}.`);
    }
    case 'integer':
    case 'boolean':
      return valueFor(place, value, { kind: field.kind });
    default:
      throw new Error(`no property has a ${field.kind}`);
  }
}

function textFor(place: string, value: Json): string {
  if (typeof value === 'object') throw wrong(`${place} must be a text.`);
  return String(value);
}

function tagsFor(place: string, value: Json): Json {
  if (!isList(value)) throw wrong(`${place} must be a list of Key and Value.`);
  return value.map((each) => {
    if (!isObject(each)) throw wrong(`${place} must be a list of Key and Value.`);
    return { Key: textFor(place, each['Key'] ?? null), Value: textFor(place, each['Value'] ?? '') };
  });
}

/** What of a resource a change cannot take back: there is no call for it. */
export function stuckNames(
  before: JsonObject,
  after: JsonObject,
  properties: Readonly<Record<string, Property>>,
): readonly string[] {
  return Object.keys(before).flatMap((name) => {
    const [old, wanted] = [before[name], after[name]];
    if (wanted === undefined) return properties[name]?.removal === undefined ? [name] : [];
    if (!isObject(old) || !isObject(wanted) || properties[name]?.kind !== 'object') return [];
    const lost = Object.keys(old).filter((each) => wanted[each] === undefined);
    return lost.map((each) => `${name}.${each}`);
  });
}

/** What a resource has once a change of it is undone: also what no call takes back. */
export function afterUndo(
  made: JsonObject,
  then: JsonObject,
  properties: Readonly<Record<string, Property>>,
): JsonObject {
  const stuck = stuckNames(made, then, properties).map((each) => {
    const name = each.replace(/\..*/, '');
    const [old, back] = [made[name]!, then[name]];
    return [name, isObject(old) && isObject(back) ? { ...old, ...back } : old] as const;
  });
  return { ...then, ...Object.fromEntries(stuck) };
}

/** The properties that a change sends: those that the template no longer has get their defaults. */
export function withDefaults(
  after: JsonObject,
  changed: readonly string[],
  properties: Readonly<Record<string, Property>>,
): JsonObject {
  const defaults = changed.flatMap((name) => {
    const { removal } = properties[name] ?? {};
    const isGone = after[name] === undefined && typeof removal === 'object';
    return isGone ? [[name, removal.standard] as const] : [];
  });
  return { ...after, ...Object.fromEntries(defaults) };
}

/** The names of the properties that differ. */
export function changedNames(before: JsonObject, after: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => canonical(before[name]) !== canonical(after[name])).sort();
}

/** As JSON, with names in order. */
export function canonical(value: Json | undefined): string {
  if (isList(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
