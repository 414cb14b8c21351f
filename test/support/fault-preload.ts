/**
 * For `node --import`: in each thread of a node, write number SLABRING_FAULT_WRITE to the memory of
 * the store throws.
 */
import { isMainThread } from 'node:worker_threads';
import { FaultyMemory } from './faulty-memory.ts';

/** All other shared memory of a node is smaller than its store. */
const STORE_BYTES_MIN = 16 << 20;
const failAt = Number(process.env['SLABRING_FAULT_WRITE']);

if (!isMainThread && failAt > 0) {
  const faulty = new FaultyMemory((memory) => memory.byteLength >= STORE_BYTES_MIN);
  faulty.countInNewArrays();
  faulty.arm(failAt);
}
