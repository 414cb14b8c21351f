/**
 * For `node --import`: in each thread of a node, write number SLABRING_FAULT_WRITE to the memory of
 * the store throws, also if the WebAssembly of the fast path makes it.
 */
import { isMainThread } from 'node:worker_threads';
import { webAssembly } from '../../src/base/index.ts';
import { countingModule, FaultyMemory, kindOf } from './faulty-memory.ts';

/** All other shared memory of a node is smaller than its store. */
const STORE_BYTES_MIN = 16 << 20;
const failAt = Number(process.env['SLABRING_FAULT_WRITE']);

if (!isMainThread && failAt > 0) {
  const faulty = new FaultyMemory((memory) => memory.byteLength >= STORE_BYTES_MIN);
  faulty.countInNewArrays();
  faulty.countInNewInstances();
  faulty.arm(failAt);
} else if (webAssembly !== undefined) {
  // The threads of the node get the modules that the main thread compiles.
  const { compile } = webAssembly;
  const compileCounting = async (bytes: Uint8Array) => {
    const kind = kindOf(bytes);
    return kind === undefined ? compile(bytes) : countingModule(kind);
  };
  Object.assign(webAssembly, { compile: compileCounting });
}
