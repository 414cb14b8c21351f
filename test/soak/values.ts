/** Values that say of themselves whose they are and how long: cheap to make and to check at any size. */
export const VALUE_BYTES_MAX = 6 << 20;
const LETTERS = 26;
const fills = Array.from({ length: LETTERS }, () => Buffer.alloc(0));

/** So many bytes of one letter; made once. */
function fillOf(letter: number, bytes: number): Buffer {
  let fill = fills[letter]!;
  if (fill.length < bytes) {
    fill = Buffer.alloc(Math.min(VALUE_BYTES_MAX, bytes * 2), 97 + letter);
    fills[letter] = fill;
  }
  return fill.subarray(0, bytes);
}

/** A value of about `bytes` bytes: `key letter length `, then that letter. */
export function soakValue(key: string, letter: number, bytes: number): Buffer {
  const head = Buffer.from(`${key} ${letter} ${bytes} `);
  return Buffer.concat([head, fillOf(letter, bytes)]);
}

/** What is wrong with a value that was found under `key`; undefined when it is whole. */
export function flawOf(key: string, value: Buffer): string | undefined {
  const head = value.toString('latin1', 0, 80);
  const [text, name, letter, length] = /^(\S+) (\d+) (\d+) /.exec(head) ?? [];
  if (text === undefined || name !== key) return `${key} holds ${JSON.stringify(head)}`;
  const body = value.subarray(text.length);
  if (body.length !== Number(length)) return `${key} has ${body.length} of ${length} bytes`;
  const isWhole = fillOf(Number(letter), body.length).equals(body);
  return isWhole ? undefined : `${key} is torn`;
}
