import { createHash } from 'node:crypto';

/** A value that contains its own checksum: the MD5 sum of the rest, then the rest. */
export function checkedValue(key: string, number: number, length: number): string {
  const body = `${key} ${number} ${String.fromCharCode(97 + (number % 26)).repeat(length)}`;
  return `${sumOf(body)} ${body}`;
}

export function isChecked(key: string, value: string): boolean {
  const [sum] = value.split(' ', 1);
  const body = value.slice((sum ?? '').length + 1);
  return sum === sumOf(body) && body.startsWith(`${key} `);
}

function sumOf(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
