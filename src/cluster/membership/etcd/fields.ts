import { CodedError } from '../../../base/index.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @throws {CodedError} if the text is no JSON object. */
export function fieldsOf(text: string): Fields {
  const value = parsed(text);
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw new CodedError('ERR_ETCD', 'it is no object.');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws {CodedError} if the field is no whole number; a missing one is 0. */
export function countOf(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new CodedError('ERR_ETCD', `${name} is no whole number.`);
}
