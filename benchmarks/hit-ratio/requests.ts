import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Random } from '../../test/support/random.ts';
import { zipf } from '../demo/zipf.ts';

/** Reads a trace: a gzip file of little-endian 32-bit key ids in request order. */
export function readTrace(folder: string, name: string): Uint32Array {
  const bytes = gunzipSync(readFileSync(join(folder, `${name}.u32.gz`)));
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32LE(i * 4));
}

export interface ZipfPlan {
  readonly seed: number;
  readonly requests: number;
  readonly keys: number;
  readonly exponent: number;
  /** A scan requests this many consecutive keys; 0 means no scans. */
  readonly scanKeys?: number;
  /** The share of requests that belong to scans. */
  readonly scanShare?: number;
  /** How many times new keys replace all keys at once. */
  readonly turnovers?: number;
}

/** Requests by Zipf's law. Ids start at 0; the keys of a turnover follow the keys before it. */
export function zipfRequests(plan: ZipfPlan): Uint32Array {
  const { requests, keys, scanKeys = 0, scanShare = 0, turnovers = 0 } = plan;
  const random = new Random(plan.seed);
  const popular = zipf(keys, plan.exponent, () => random.fraction());
  const scanStarts = scanKeys === 0 ? 0 : scanShare / (1 - scanShare) / scanKeys;
  const ids = new Uint32Array(requests);
  for (let at = 0; at < requests; ) {
    const generation = Math.floor((at / requests) * (turnovers + 1)) * keys;
    if (random.fraction() < scanStarts) {
      const start = random.int(0, keys - scanKeys);
      const end = Math.min(at + scanKeys, requests);
      for (let id = start; at < end; ) ids[at++] = generation + id++;
    } else {
      ids[at++] = generation + popular() - 1;
    }
  }
  return ids;
}
