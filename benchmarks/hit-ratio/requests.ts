import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Random } from '../../test/support/random.ts';
import { zipf } from '../demo/zipf.ts';

/** Reads a trace: gzipped little-endian 32-bit key ids in request order. */
export function readTrace(folder: string, name: string): Uint32Array {
  const bytes = gunzipSync(readFileSync(join(folder, `${name}.u32.gz`)));
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
}

export interface ZipfPlan {
  readonly seed: number;
  readonly requests: number;
  readonly keys: number;
  readonly exponent: number;
  /** A scan asks for this many keys in a row; 0 is no scans. */
  readonly scanKeys?: number;
  /** The share of requests that are a scan's. */
  readonly scanShare?: number;
  /** The keys are replaced by others, all at once, this many times; 0 is never. */
  readonly turnovers?: number;
}

/** Requests by Zipf's law; ids from 0, a turnover's fresh keys after the keys before it. */
export function zipfRequests(plan: ZipfPlan): Uint32Array {
  const { requests, keys, scanKeys = 0, scanShare = 0, turnovers = 0 } = plan;
  const chance = new Random(plan.seed);
  const popular = zipf(keys, plan.exponent, () => chance.fraction());
  const scanStarts = scanKeys === 0 ? 0 : scanShare / (1 - scanShare) / scanKeys;
  const ids = new Uint32Array(requests);
  for (let at = 0; at < requests; ) {
    const generation = Math.floor((at / requests) * (turnovers + 1)) * keys;
    if (chance.fraction() < scanStarts) {
      const start = chance.int(0, keys - scanKeys);
      const end = Math.min(at + scanKeys, requests);
      for (let id = start; at < end; ) ids[at++] = generation + id++;
    } else {
      ids[at++] = generation + popular() - 1;
    }
  }
  return ids;
}
