import { fastSetup, type StoreShare } from '../store/index.ts';
import { REGION, SETUP } from './region.ts';

/** Writes what the module's `configure` reads into the region of a thread. */
export function writeSetup(share: StoreShare, thread: number, regionByte: number): void {
  const { memory } = share;
  const setup = fastSetup(share, thread);
  const numbers = new Float64Array(memory, regionByte + REGION.SETUP_AT, Object.keys(SETUP).length);
  for (const [name, slot] of Object.entries(SETUP)) {
    numbers[slot] = setup.numbers[name as keyof typeof SETUP];
  }
  const { chunkBytes, evictionsPerTick, classBySize } = setup;
  new Int32Array(memory, regionByte + REGION.CHUNK_BYTES_AT, chunkBytes.length).set(chunkBytes);
  const ticks = new Int32Array(
    memory,
    regionByte + REGION.EVICTIONS_PER_TICK_AT,
    evictionsPerTick.length,
  );
  ticks.set(evictionsPerTick);
  new Uint8Array(memory, regionByte + REGION.CLASS_TABLE_AT, classBySize.length).set(classBySize);
}
