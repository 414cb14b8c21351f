/**
 * What a thread keeps in its region of the store's memory, where WebAssembly reaches it too:
 *
 *   ┌─────────┬─────────────┬────────────────┬───────────────────────┐
 *   │ scratch │ read buffer │ output buffer  │ output buffers of     │
 *   │ 128 KiB │ 64 KiB      │ 256 KiB        │ slow clients, 4 × 256 │
 *   └─────────┴─────────────┴────────────────┴───────────────────────┘
 *
 * The fast path uses the scratch space as it likes. Unused parts take address space, but no memory.
 */
import { READ_BUFFER_BYTES } from './transport.ts';

const SCRATCH_BYTES = 128 * 1024;
const OUTPUT_BUFFER_BYTES = 256 * 1024;
/** Buffers that may hold output of slow clients, beside the one that the sessions write into. */
const SPARE_OUTPUT_BUFFERS = 4;

const READ_BUFFER_AT = SCRATCH_BYTES;
const OUTPUT_AT = READ_BUFFER_AT + READ_BUFFER_BYTES;
export const THREAD_REGION_BYTES = OUTPUT_AT + (1 + SPARE_OUTPUT_BUFFERS) * OUTPUT_BUFFER_BYTES;

/** The buffers that a thread reads into and writes its replies into. */
interface IoBuffers {
  readonly readBuffer: Buffer;
  readonly outputBuffers: readonly [Buffer, ...Buffer[]];
}

/** The buffers in the region of a thread that begins at `startByte`. */
export function regionBuffers(memory: SharedArrayBuffer, startByte: number): IoBuffers {
  return layOutBuffers((at, bytes) => Buffer.from(memory, startByte + at, bytes));
}

/**
 * Buffers for a node without the fast path. V8 copies a value into shared memory byte by byte
 * unless both have the same alignment: 4000 bytes take 1 µs, and 0.1 µs into memory of its own.
 */
export function heapBuffers(): IoBuffers {
  return layOutBuffers((_, bytes) => Buffer.allocUnsafeSlow(bytes));
}

function layOutBuffers(bufferAt: (at: number, bytes: number) => Buffer): IoBuffers {
  const outputBuffer = (nth: number): Buffer =>
    bufferAt(OUTPUT_AT + nth * OUTPUT_BUFFER_BYTES, OUTPUT_BUFFER_BYTES);
  const spares = Array.from({ length: SPARE_OUTPUT_BUFFERS }, (_, nth) => outputBuffer(1 + nth));
  return {
    readBuffer: bufferAt(READ_BUFFER_AT, READ_BUFFER_BYTES),
    outputBuffers: [outputBuffer(0), ...spares],
  };
}
