/** Replies of AWS's Query protocol as XML; pure. */
import type { ApiError } from './errors.ts';
import type { Field, Fields } from './fields.ts';

/** The reply to an operation; `output` undefined: it has no result. */
export function replyXml(
  operation: string,
  fields: Fields | undefined,
  output: object | undefined,
  { namespace, requestId }: ReplyFacts,
): string {
  const result =
    fields === undefined
      ? ''
      : element(`${operation}Result`, membersXml((output ?? {}) as Members, fields));
  const metadata = element('ResponseMetadata', element('RequestId', requestId));
  const content = `${result}${metadata}`;
  return `<${operation}Response xmlns="${namespace}">${content}</${operation}Response>`;
}

export function errorXml(
  { type, code, message }: ApiError,
  { namespace, requestId }: ReplyFacts,
): string {
  const error = element(
    'Error',
    element('Type', type) + element('Code', code) + element('Message', escapeXml(message)),
  );
  const id = element('RequestId', requestId);
  return `<ErrorResponse xmlns="${namespace}">${error}${id}</ErrorResponse>`;
}

interface ReplyFacts {
  readonly namespace: string;
  readonly requestId: string;
}

type Members = Readonly<Record<string, unknown>>;

const element = (name: string, content: string): string => `<${name}>${content}</${name}>`;

function membersXml(members: Members, fields: Fields): string {
  return Object.entries(fields)
    .map(([name, field]) => {
      const value = members[name];
      return value === undefined ? '' : element(name, valueXml(value, field));
    })
    .join('');
}

function valueXml(value: unknown, field: Field): string {
  switch (field.kind) {
    case 'list':
      return (value as readonly unknown[])
        .map((each) => element(field.element, valueXml(each, field.of)))
        .join('');
    case 'structure':
      return membersXml(value as Members, field.fields);
    case 'time':
      // Seconds are enough for clients; milliseconds only if there are any.
      return new Date(value as number).toISOString().replace('.000Z', 'Z');
    default:
      return escapeXml(String(value));
  }
}

/** Characters that XML 1.0 cannot have, not even as references. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it replaces
const IMPOSSIBLE = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g;
/** The white space among them would be lost in an attribute or at a line's end. */
const SPECIAL = /[&<>"'\t\n\r\u007F]/g;

function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(IMPOSSIBLE, '\uFFFD')
    .replaceAll(SPECIAL, (character) => `&#${character.charCodeAt(0)};`);
}
