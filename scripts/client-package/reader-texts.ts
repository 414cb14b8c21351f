import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { parseAst } from 'rolldown/parseAst';

/** The tables of options and failures, and their properties that only the pages show. */
const TABLES = /src\/client\/(option-tables\/.*|base\/errors)\.ts$/;
const FOR_READERS = ['doc', 'advice'];

/** A node of the syntax tree, or a value in it. */
type Part = { readonly [name: string]: unknown };

const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null;

/** The ranges of the texts for readers in the code, in ascending order. */
function textRanges(code: string): readonly (readonly [start: number, end: number])[] {
  const ranges: [number, number][] = [];
  const visit = (part: unknown): void => {
    if (!isPart(part)) return;
    const { type, key, value } = part;
    const isText = isPart(key) && FOR_READERS.includes(String(key['name'])) && isPart(value);
    if (type === 'Property' && isText && isConstant(value)) {
      ranges.push([Number(value['start']), Number(value['end'])]);
    } else Object.values(part).forEach(visit);
  };
  visit(parseAst(code, { lang: 'ts' }));
  return ranges;
}

/** A text, or texts that are added up. */
const isConstant = ({ type, left, right }: Part): boolean =>
  type === 'Literal' ||
  type === 'TemplateLiteral' ||
  (type === 'BinaryExpression' && isPart(left) && isPart(right) && isConstant(left));

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
