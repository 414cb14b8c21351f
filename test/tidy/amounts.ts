const WORDS = 'zero one two three four five six seven eight nine ten'.split(' ');
const BYTES: Readonly<Record<string, number>> = {
  byte: 1,
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};
const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  second: 1000,
  seconds: 1000,
  minute: 60_000,
};
const AMOUNT =
  /([\d,]*\d(?:\.\d+)?)(?:\^(\d+))?(?:[ -]?(%|(?:bytes?|KiB|MiB|GiB|ms|s|seconds?|minute)\b))?/g;

export const count = (amount: number): string => `${amount}`;
export const bytes = (amount: number): string => `${amount} bytes`;
export const ms = (amount: number): string => `${amount} ms`;
export const percent = (share: number): string => `${share * 100} %`;

/** The amounts that a text names, in one unit for each kind: bytes, milliseconds, percent. */
export function amountsIn(text: string): readonly string[] {
  return [...text.matchAll(AMOUNT)].map(([, digits = '', power = '1', unit = '']) => {
    const amount = Number(digits.replaceAll(',', '')) ** Number(power);
    if (unit in BYTES) return bytes(amount * BYTES[unit]!);
    if (unit in MILLISECONDS) return ms(amount * MILLISECONDS[unit]!);
    return unit === '%' ? percent(amount / 100) : count(amount);
  });
}

/** A number in words, such as `eight`, as an amount. */
export const amountOf = (text: string): string => {
  const [word = '', ...unit] = text.split(/\s+/);
  const number = WORDS.indexOf(word.toLowerCase());
  return amountsIn(number < 0 ? text : [number, ...unit].join(' '))[0] ?? `"${text}"`;
};

/** The rows of the first table under a heading: the first cell, and the amounts of the second. */
export function boundsOfTable(
  page: string,
  heading: string,
): Readonly<Record<string, readonly string[]>> {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  const cells = rows.slice(2).map((row) => row.split('|').map((cell) => cell.trim()));
  return Object.fromEntries(
    cells.map(([, name = '', bound = '']) => [name, amountsIn(bound.replaceAll(/`[^`]*`/g, ''))]),
  );
}

/** The amounts that a pattern captures in a page, wherever it matches; line ends are blanks. */
export function amountsNamed(page: string, pattern: RegExp): readonly string[] {
  const matches = [...page.replaceAll(/\s+/g, ' ').matchAll(new RegExp(pattern, 'g'))];
  return matches.flatMap(([, ...captured]) => captured.map(amountOf));
}
