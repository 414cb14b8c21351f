/** Replies of AWS's Query protocol, read back; pure. */
import { CodedError } from '../../base/index.ts';
import type { Field, Fields } from '../api/fields.ts';

interface Element {
  readonly name: string;
  text: string;
  readonly children: Element[];
}

/** A tag, or text; what stands between `<?` and `?>` is skipped. */
const PARTS = /<\?[^>]*\?>|<(\/?)([\w.:-]+)(?:\s[^<>]*?)?(\/?)>|([^<]+)/gy;
const DEPTH_MAX = 32;

/** @throws {CodedError} `ERR_API_REPLY` */
export function parseXml(xml: string): Element {
  const root: Element = { name: '', text: '', children: [] };
  const open = [root];
  let at = 0;
  for (const part of xml.matchAll(PARTS)) {
    at = part.index + part[0].length;
    const [, slash, name, empty, text] = part;
    const parent = open.at(-1)!;
    if (text !== undefined) parent.text += text;
    if (name === undefined) continue;
    if (slash === '/') {
      if (open.pop()!.name !== name || open.length === 0) throw noReply();
      continue;
    }
    const element: Element = { name, text: '', children: [] };
    parent.children.push(element);
    if (empty === '') open.push(element);
    if (open.length > DEPTH_MAX) throw noReply();
  }
  if (at !== xml.length || open.length !== 1 || root.children.length !== 1) throw noReply();
  return root.children[0]!;
}

const noReply = (): CodedError =>
  new CodedError('ERR_API_REPLY', 'The reply of the API is no XML of its protocol.');

/** The first element of that name below this one. */
export const childOf = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((each) => each.name === name);

/** The members that a reply has, by the model of its operation. */
export function membersOf(element: Element, fields: Fields): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const found = childOf(element, name);
    if (found !== undefined) members[name] = fieldOf(found, field);
  }
  return members;
}

function fieldOf(element: Element, field: Field): unknown {
  const text = textOf(element);
  switch (field.kind) {
    case 'list':
      return element.children.map((each) => fieldOf(each, field.of));
    case 'structure':
      return membersOf(element, field.fields);
    case 'integer':
    case 'decimal':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'time':
      return Date.parse(text);
    default:
      return text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

export const textOf = (element: Element | undefined): string =>
  (element?.text ?? '').replaceAll(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0x10_ff_ff ? whole : String.fromCodePoint(code);
    },
  );
