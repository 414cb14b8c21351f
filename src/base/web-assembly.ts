/** WebAssembly, as this program uses it: the types of Node.js lack it. */

/** Shared memory that WebAssembly and JavaScript use at the same time. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

/** Compiled code: every thread makes its own instance. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: 'WebAssembly.Module';
}

interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The number of pages is a bigint if the memory has addresses of 64 bits. */
export interface WasmMemoryLimits {
  readonly initial: number | bigint;
  readonly maximum: number | bigint;
  readonly shared: true;
  readonly address?: 'i64';
}

interface WebAssemblyNamespace {
  /** Throws a RangeError if the system has too little address space. */
  readonly Memory: new (
    limits: WasmMemoryLimits,
  ) => WasmMemory;
  readonly Module: {
    /** Sections with this name. */
    readonly customSections: (module: WasmModule, name: string) => readonly ArrayBuffer[];
  };
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  readonly compile: (bytes: Uint8Array) => Promise<WasmModule>;
}

/** Undefined if Node.js runs without it (`--jitless`). */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyNamespace })
  .WebAssembly;

export const WASM_PAGE_BYTES = 64 * 1024;
