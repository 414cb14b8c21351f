const HEADING = '## Forbidden words and phrases';

/** The words and phrases of the last section of the glossary, each in backticks. */
export function forbiddenWords(glossary: string): readonly string[] {
  const section = glossary.split(HEADING)[1];
  if (section === undefined) throw new RangeError(`the glossary has no section "${HEADING}"`);
  return [...section.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
}

/** Matches the phrases across line ends and comment stars, and in compound identifiers. */
function patternOf(words: readonly string[]): RegExp {
  const between = String.raw`(?:[ \t]|\n[ \t]*(?:\*|//|#)?)+`;
  const phrases = words.map((word) => word.replaceAll(' ', between).replaceAll('-', '[- ]?'));
  return new RegExp(String.raw`(?<![\w-])(?:${phrases.join('|')})(?![\w-])`, 'gi');
}

/** Writes `standIn` and `STAND_IN` as separate words; lines stay lines. */
const splitNames = (line: string): string =>
  line.replaceAll(/([a-z])([A-Z])/g, '$1 $2').replaceAll('_', ' ');

/** Where a text uses one of the words, as `file:line: word`. */
export function wordsFound(
  file: string,
  text: string,
  words: readonly string[],
): readonly string[] {
  const plain = splitNames(text);
  return [...plain.matchAll(patternOf(words))].map(({ 0: word, index }) => {
    const line = plain.slice(0, index).split('\n').length;
    return `${file}:${line}: ${word.replaceAll(/\s+/g, ' ')}`;
  });
}
