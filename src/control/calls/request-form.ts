/** Requests of AWS's Query protocol, as forms; pure. */
import type { Field, Fields } from '../api/fields.ts';

/** `NumCacheNodes=3&Tags.Tag.1.Key=a`, by the model of the operation. */
export function formOf(members: Readonly<Record<string, unknown>>, fields: Fields): string[] {
  return structureForm('', members, fields);
}

function structureForm(
  prefix: string,
  members: Readonly<Record<string, unknown>>,
  fields: Fields,
): string[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const value = members[name];
    return value === undefined ? [] : valueForm(`${prefix}${name}`, value, field);
  });
}

function valueForm(path: string, value: unknown, field: Field): string[] {
  switch (field.kind) {
    case 'list': {
      const values = value as readonly unknown[];
      if (values.length === 0) return [`${path}=`];
      return values.flatMap((each, nth) =>
        valueForm(`${path}.${field.element}.${nth + 1}`, each, field.of),
      );
    }
    case 'structure':
      return structureForm(`${path}.`, value as Readonly<Record<string, unknown>>, field.fields);
    case 'time':
      return [`${path}=${encodeURIComponent(new Date(value as number).toISOString())}`];
    default:
      return [`${path}=${encodeURIComponent(String(value))}`];
  }
}
