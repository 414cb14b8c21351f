/** Values that contain their own key and length: cheap to create and to check at any size. */
export const VALUE_BYTES_MAX = 6 << 20;
const LETTERS = 26;
const fillBuffers = Array.from({ length: LETTERS }, () => Buffer.alloc(0));

/** A number of bytes of one letter, from a buffer that is reused. */
function fillOf(letter: number, bytes: number): Buffer {
  let fill = fillBuffers[letter]!;
  if (fill.length < bytes) {
    fill = Buffer.alloc(Math.min(VALUE_BYTES_MAX, bytes * 2), 97 + letter);
    fillBuffers[letter] = fill;
  }
  return fill.subarray(0, bytes);
}

/** A value: the head `key letter length `, then `bytes` bytes of that letter. */
export function soakValue(key: string, letter: number, bytes: number): Buffer {
  const head = Buffer.from(`${key} ${letter} ${bytes} `);
  return Buffer.concat([head, fillOf(letter, bytes)]);
}

/** The problem of a value that was found under `key`; undefined if the value is intact. */
export function valueProblem(key: string, value: Buffer): string | undefined {
  const head = value.toString('latin1', 0, 80);
  const [text, name, letter, length] = /^(\S+) (\d+) (\d+) /.exec(head) ?? [];
  if (text === undefined || name !== key) return `The value of ${key} is ${JSON.stringify(head)}.`;
  const body = value.subarray(text.length);
  if (body.length !== Number(length)) {
    return `The value of ${key} has ${body.length} bytes instead of ${length}.`;
  }
  const isIntact = fillOf(Number(letter), body.length).equals(body);
  return isIntact ? undefined : `The value of ${key} mixes bytes of several values.`;
}
