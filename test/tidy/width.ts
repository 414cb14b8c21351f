export interface Line {
  readonly at: string;
  readonly columns: number;
}

/** The lines with more columns than the limit; a character counts as one column. */
const wide = (lines: readonly (readonly [number, string])[], file: string, limit: number) =>
  lines
    .map(([number, text]) => ({ at: `${file}:${number}`, columns: [...text].length }))
    .filter(({ columns }) => columns > limit);

const numbered = (text: string): readonly (readonly [number, string])[] =>
  text.split('\n').map((line, index) => [index + 1, line]);

export const wideLines = (file: string, code: string, limit: number): readonly Line[] =>
  wide(numbered(code), file, limit);

/** A table row and an address cannot be broken; a code block may show what was really written. */
export function widePageLines(file: string, page: string, limit: number): readonly Line[] {
  let isCode = false;
  const prose = numbered(page).filter(([, line]) => {
    const isFence = line.trimStart().startsWith('```');
    if (isFence) isCode = !isCode;
    return !isCode && !isFence && !line.startsWith('|') && !/^\S*https?:\S+$/.test(line.trim());
  });
  return wide(prose, file, limit);
}
