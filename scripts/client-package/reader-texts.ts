import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { parseAst } from 'rolldown/parseAst';

/** The tables of options and failures, and their properties that only the pages show. */
const TABLES = /src\/client\/(option-tables\/.*|base\/errors)\.ts$/;
const FOR_READERS = ['doc', 'advice', 'defaultNote', 'details'];
/** A function of the tables that takes the text of an option as an argument. */
const WITH_TEXT = 'seconds';

/** A node of the syntax tree, or a value in it. */
type Part = { readonly [name: string]: unknown };

const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null;

/** The ranges of the texts for readers in the code, in ascending order. */
function textRanges(code: string): readonly (readonly [start: number, end: number])[] {
  const ranges: (readonly [number, number])[] = [];
  const leaveOut = ({ start, end }: Part): void => void ranges.push([Number(start), Number(end)]);
  const visit = (part: unknown): void => {
    if (!isPart(part)) return;
    const texts = textsOf(part).filter(isConstant);
    texts.forEach(leaveOut);
    for (const value of Object.values(part)) if (!texts.includes(value as Part)) visit(value);
  };
  visit(parseAst(code, { lang: 'ts' }));
  return ranges.toSorted(([a], [b]) => a - b);
}

/** What may be a text for readers: the value of a property, and arguments of a call. */
function textsOf({ type, key, value, callee, arguments: given }: Part): readonly Part[] {
  if (type === 'Property' && isPart(key) && FOR_READERS.includes(String(key['name']))) {
    return isPart(value) ? [value] : [];
  }
  const isCall = type === 'CallExpression' && isPart(callee) && callee['name'] === WITH_TEXT;
  return isCall && Array.isArray(given) ? given.filter(isPart) : [];
}

/** A text, or texts that are added up. */
const isConstant = ({ type, value, operator, left }: Part): boolean =>
  (type === 'Literal' && typeof value === 'string') ||
  type === 'TemplateLiteral' ||
  (type === 'BinaryExpression' && operator === '+' && isPart(left) && isConstant(left));

/** Leaves the texts out of the bundle: they are a tenth of the client. */
export const withoutReaderTexts: Plugin = {
  name: 'reader-texts',
  setup({ onLoad }) {
    onLoad({ filter: TABLES }, async ({ path }) => {
      let code = await readFile(path, 'utf8');
      for (const [start, end] of textRanges(code).toReversed()) {
        code = `${code.slice(0, start)}''${code.slice(end)}`;
      }
      return { contents: code, loader: 'ts' };
    });
  },
};
