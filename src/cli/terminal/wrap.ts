/** The column where the texts of a list begin; longer terms have their text on the next line. */
const TERM_COLUMNS_MAX = 30;
/** Narrower than this, every text is below its term. */
const SIDE_BY_SIDE_COLUMNS_MIN = 60;
const INDENT = 6;

/** Breaks a paragraph at its blanks, so that no line with several words exceeds `columnsMax`. */
export function wrap(paragraph: string, columnsMax: number): readonly string[] {
  const lines = [''];
  for (const word of paragraph.split(' ')) {
    const line = lines.at(-1)!;
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= columnsMax) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** Wraps each line of the text as a paragraph of its own. */
export function wrapAll(text: string, columnsMax: number): string {
  return text
    .split('\n')
    .flatMap((paragraph) => wrap(paragraph, columnsMax))
    .join('\n');
}

/** Formats terms with their texts; each text is wrapped beside its term, or below it. */
export function definitions(
  rows: readonly (readonly [term: string, text: string])[],
  columnsMax: number,
): string {
  const widest = Math.max(0, ...rows.map(([term]) => term.length + 2));
  const side = Math.min(TERM_COLUMNS_MAX, widest);
  const indent = columnsMax < SIDE_BY_SIDE_COLUMNS_MIN ? INDENT : side;
  return rows.map(([term, text]) => definition(term, text, indent, columnsMax)).join('\n');
}

function definition(term: string, text: string, indent: number, columnsMax: number): string {
  const [first = '', ...rest] = wrap(text, columnsMax - indent).map(
    (line) => ' '.repeat(indent) + line,
  );
  const isBeside = term.length + 2 <= indent;
  const head = isBeside ? [term.padEnd(indent) + first.trimStart()] : [term, first];
  return [...head, ...rest].join('\n');
}
