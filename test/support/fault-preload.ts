/**
 * `node --import` this: in each thread of a node, write number SLABRING_FAULT_WRITE to the store's memory throws.
 */
import { isMainThread } from 'node:worker_threads';
import { FaultyMemory } from './faulty-memory.ts';

/** Nothing else that a node shares between its threads is as large. */
const STORE_BYTES_MIN = 16 << 20;
const failAt = Number(process.env['SLABRING_FAULT_WRITE']);

if (!isMainThread && failAt > 0) {
  const faulty = new FaultyMemory((memory) => memory.byteLength >= STORE_BYTES_MIN);
  faulty.watchNewArrays();
  faulty.arm(failAt);
}
