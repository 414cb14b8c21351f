import type { Logger, WasmModule } from '../base/index.ts';
import { loadModule } from '../fast-path/index.ts';
import type { StoreShare, WasmMemoryKind } from '../store/index.ts';
import type { ServerOptions } from './options/server-flags.ts';
import { processLimit } from './process-limits.ts';

/** The compiled fast path for each kind of memory that the node may choose. */
export type FastPathModules = Readonly<Partial<Record<WasmMemoryKind, WasmModule>>>;

/** What a node has loaded of the fast path. */
interface LoadedFastPath {
  readonly modules: FastPathModules;
  /** Why a module is missing although the options want it. */
  readonly refusal: string | undefined;
}

/** Whether WebAssembly answers the simple requests of a node, and with which addresses. */
export interface FastPathState {
  readonly kind: WasmMemoryKind | 'off';
  /** The option that switched it off. Of another reason the node has warned. */
  readonly choice?: string;
}

/**
 * Loads the modules for all kinds: the kind of the memory follows from those that exist.
 *
 * V8 reserves more address space for such a memory than its size. If the process has a limit, the
 * node leaves it to the threads, which need some gigabytes each and start later.
 */
export async function loadFastPath(
  { noFastPath }: ServerOptions,
  addressSpaceBytes = processLimit('virtual_memory_bytes'),
): Promise<LoadedFastPath> {
  if (noFastPath) return { modules: {}, refusal: undefined };
  if (addressSpaceBytes !== Number.POSITIVE_INFINITY) return { modules: {}, refusal: LIMITED };
  const [memory32, memory64] = await Promise.all([loadModule('memory32'), loadModule('memory64')]);
  return {
    modules: {
      ...(memory32.module && { memory32: memory32.module }),
      ...(memory64.module && { memory64: memory64.module }),
    },
    refusal: memory32.refusal ?? memory64.refusal,
  };
}

/** The state of a node that has allocated its memory; logs why it is off against the options. */
export function fastPathState(
  { noFastPath }: ServerOptions,
  { kind }: StoreShare,
  { refusal = NO_MEMORY }: LoadedFastPath,
  log: Logger,
): FastPathState {
  if (kind !== 'plain') return { kind };
  if (noFastPath) return { kind: 'off', choice: '-o no_fast_path' };
  log.warn({ reason: refusal }, 'the fast path is off: JavaScript answers all requests');
  return { kind: 'off' };
}

const NO_MEMORY = 'the system gives WebAssembly no memory of this size; it ends at 16 GiB';
const LIMITED = 'the address space of the process is limited: run ulimit -v unlimited';
