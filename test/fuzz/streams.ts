/** Generates the bytes of a client: valid requests of all dialects, and mutations of them. */

import { generateBursts } from '../differential/binary/generator.ts';
import { generateSteps } from '../differential/generator.ts';
import { packet } from '../support/binary-wire.ts';
import type { Random } from '../support/random.ts';

export type Dialect = 'text' | 'binary';

const MUTATIONS_MAX = 6;
const PIECES_MAX = 8;
/** No generated stream uses this key, so its item must stay unchanged. */
export const SENTINEL_KEY = 'sentinel-key';

/** The bytes of one connection: requests, in most streams with mutations. */
export function randomStream(random: Random): {
  readonly dialect: Dialect;
  readonly bytes: Buffer;
} {
  const dialect = random.oneIn(3) ? 'binary' : 'text';
  const whole = dialect === 'binary' ? binaryStream(random) : textStream(random);
  const bytes = random.oneIn(3) ? whole : mutate(random, whole);
  return { dialect, bytes };
}

function textStream(random: Random): Buffer {
  const steps = generateSteps(random).map(({ text }) => text.replaceAll(/\{cas [^}]*\}/g, '7'));
  return Buffer.from(steps.join(''), 'latin1');
}

function binaryStream(random: Random): Buffer {
  const steps = generateBursts(random).flat();
  return Buffer.concat(steps.map((step) => packet(step)));
}

/** Removes, duplicates, inserts, replaces and truncates bytes. */
function mutate(random: Random, whole: Buffer): Buffer {
  let bytes = whole;
  for (let remaining = random.int(1, MUTATIONS_MAX); remaining > 0; remaining--) {
    const at = random.int(0, bytes.length);
    const end = Math.min(bytes.length, at + random.int(0, 40));
    const change = random.pick<() => readonly Uint8Array[]>([
      () => [bytes.subarray(0, at), bytes.subarray(end)],
      () => [bytes.subarray(0, end), bytes.subarray(at)],
      () => [bytes.subarray(0, at), noise(random), bytes.subarray(at)],
      () => [bytes.subarray(0, at), noise(random), bytes.subarray(end)],
      () => [bytes.subarray(0, at)],
    ]);
    bytes = Buffer.concat(change());
  }
  return bytes;
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.int(1, 12) }, () => random.int(0, 255)));
}

/** Cuts the stream into random pieces, as a network may deliver them. */
export function cutRandomly(random: Random, bytes: Buffer): readonly Buffer[] {
  const cuts = Array.from({ length: random.int(0, PIECES_MAX) }, () => random.int(0, bytes.length));
  const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}
