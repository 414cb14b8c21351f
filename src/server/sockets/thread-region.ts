/**
 * What a thread keeps in its region of the store's memory, where WebAssembly reaches it too:
 *
 *   ┌─────────┬─────────────┬────────────────┬───────────────────────┐
 *   │ scratch │ read buffer │ output buffer  │ output buffers of     │
 *   │ 64 KiB  │ 64 KiB      │ 256 KiB        │ slow clients, 4 × 256 │
 *   └─────────┴─────────────┴────────────────┴───────────────────────┘
 *
 * The fast path uses the scratch space as it likes. Unused parts take address space, but no memory.
 */
import { READ_BUFFER_BYTES } from './transport.ts';

const SCRATCH_BYTES = 64 * 1024;
const OUTPUT_BUFFER_BYTES = 256 * 1024;
/** Buffers that may hold output of slow clients, beside the one that the sessions write into. */
const SPARE_OUTPUT_BUFFERS = 4;

const READ_BUFFER_AT = SCRATCH_BYTES;
const OUTPUT_AT = READ_BUFFER_AT + READ_BUFFER_BYTES;
export const THREAD_REGION_BYTES = OUTPUT_AT + (1 + SPARE_OUTPUT_BUFFERS) * OUTPUT_BUFFER_BYTES;

/** The buffers of one thread. */
export interface ThreadRegion {
  /** Where the scratch space is in the memory. */
  readonly scratchByte: number;
  readonly readBuffer: Buffer;
  readonly outputBuffers: readonly [Buffer, ...Buffer[]];
}

/** The region of a thread that begins at `startByte`. */
export function threadRegion(memory: SharedArrayBuffer, startByte: number): ThreadRegion {
  const outputBuffer = (nth: number): Buffer =>
    Buffer.from(memory, startByte + OUTPUT_AT + nth * OUTPUT_BUFFER_BYTES, OUTPUT_BUFFER_BYTES);
  const spares = Array.from({ length: SPARE_OUTPUT_BUFFERS }, (_, nth) => outputBuffer(1 + nth));
  return {
    scratchByte: startByte,
    readBuffer: Buffer.from(memory, startByte + READ_BUFFER_AT, READ_BUFFER_BYTES),
    outputBuffers: [outputBuffer(0), ...spares],
  };
}
