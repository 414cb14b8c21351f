/**
 * Shared memory whose n-th write throws, so that a thread dies between any two writes. The store
 * needs no change for it: `FaultyMemory` replaces the typed array constructors, so that views of a
 * watched SharedArrayBuffer are proxies that count writes, and makes Atomics and Buffer.copy accept
 * them. WebAssembly calls a function before each write (scripts/fast-path/instrument.ts).
 */
import { readFileSync } from 'node:fs';
import { type WasmModule, webAssembly } from '../../src/base/index.ts';
import type { WasmMemoryKind } from '../../src/store/index.ts';
import { FAST_PATH_FOLDER } from './fast-path.ts';

/** The error that ends a thread. */
export class InjectedFault extends Error {
  constructor(write: number) {
    super(`a fault was injected at write ${write} to shared memory`);
    this.name = 'InjectedFault';
  }
}

const countingModules = new Map<WasmMemoryKind, WasmModule>();

/**
 * The compiled fast path with a call before each of its writes. `buildFastPath` has written it.
 */
export function countingModule(kind: WasmMemoryKind): WasmModule {
  const known = countingModules.get(kind);
  if (known !== undefined) return known;
  const { Module } = webAssembly!;
  const Compiled = Module as typeof Module & (new (bytes: Uint8Array) => WasmModule);
  const file = new URL(`${kind}.instrumented.wasm`, FAST_PATH_FOLDER);
  const module = new Compiled(readFileSync(file));
  countingModules.set(kind, module);
  return module;
}

/** The kind of memory for which the build has written these bytes. */
export function kindOf(wasm: Uint8Array): WasmMemoryKind | undefined {
  const kinds: readonly WasmMemoryKind[] = ['memory32', 'memory64'];
  return kinds.find((kind) => readFileSync(new URL(`${kind}.wasm`, FAST_PATH_FOLDER)).equals(wasm));
}

type View = Int32Array | Uint32Array | Float64Array | Uint8Array | DataView;
type Method = (...args: unknown[]) => unknown;

const ARRAYS = ['Int32Array', 'Uint32Array', 'Float64Array', 'Uint8Array', 'DataView'] as const;
/** The store has one buffer, of all pages. The kernel uses the shorter ones of a thread. */
const STORE_BUFFER_BYTES_MIN = 1 << 20;
const ATOMIC_READS = new Set(['load', 'wait', 'waitAsync', 'notify', 'isLockFree', 'pause']);

export class FaultyMemory {
  /** Writes since the last `arm`, and those of them that WebAssembly made. */
  writes = 0;
  wasmWrites = 0;
  #failAt = Number.POSITIVE_INFINITY;
  readonly #isWatchedMemory: (memory: SharedArrayBuffer) => boolean;
  readonly #realViews = new WeakMap<object, View>();
  readonly #undoSteps: (() => void)[] = [];

  constructor(isWatchedMemory: (memory: SharedArrayBuffer) => boolean) {
    this.#isWatchedMemory = isWatchedMemory;
    this.#replaceAtomics();
    this.#replaceCopy();
  }

  /**
   * Counts from 0 again; write number `failAt` (from 1) and all later ones throw and write nothing.
   */
  arm(failAt: number): void {
    this.writes = 0;
    this.wasmWrites = 0;
    this.#failAt = failAt;
  }

  /** Lets all writes succeed, and keeps the counts. */
  disarm(): void {
    this.#failAt = Number.POSITIVE_INFINITY;
  }

  /**
   * Makes new views of watched memory count their writes, until the returned function is called.
   */
  countInNewArrays(): () => void {
    const undo = [...ARRAYS.map((name) => this.#replaceArray(name)), this.#replaceBufferFrom()];
    return () => {
      for (const each of undo) each();
    };
  }

  /**
   * Makes new instances of WebAssembly count their writes, until the returned function is called.
   * They become instances of `replacement`, which `countingModule` has compiled; without one, their
   * own module must be of that sort.
   */
  countInNewInstances(replacement?: WasmModule): () => void {
    const real = webAssembly!.Instance;
    const before_write = (): void => {
      this.wasmWrites++;
      this.#countWrite();
    };
    const Instance = new Proxy(real, {
      construct: (target, [module, imports]: ConstructorParameters<typeof real>) =>
        new target(replacement ?? module, { env: { ...imports['env'], before_write } }),
    });
    Object.assign(webAssembly!, { Instance });
    return () => Object.assign(webAssembly!, { Instance: real });
  }

  /** Restores Atomics and Buffer; the existing proxies are of no use after that. */
  close(): void {
    for (const undo of this.#undoSteps) undo();
  }

  #countWrite(): void {
    this.writes++;
    if (this.writes >= this.#failAt) throw new InjectedFault(this.#failAt);
  }

  #realViewOf(value: unknown): unknown {
    return (typeof value === 'object' && value !== null && this.#realViews.get(value)) || value;
  }

  #proxy<T extends View>(view: T): T {
    const methods = new Map<PropertyKey, Method>();
    const proxy = new Proxy(view, {
      get: (target, name) => {
        const known = methods.get(name);
        if (known !== undefined) return known;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = this.#countingMethod(target, name, value as Method);
        methods.set(name, method);
        return method;
      },
      set: (target, name, value) => {
        this.#countWrite();
        return Reflect.set(target, name, value, target);
      },
    });
    this.#realViews.set(proxy, view);
    return proxy;
  }

  #countingMethod(target: View, name: PropertyKey, method: Method): Method {
    const writes = typeof name === 'string' && /^(set|fill|write)/.test(name);
    return (...args) => {
      if (name === 'copyWithin') this.#countHalfCopy(target as Uint32Array, args as number[]);
      else if (writes) this.#countWrite();
      return method.apply(target, args);
    };
  }

  /** A thread can die in the middle of a copy: first half of it is written, then all. */
  #countHalfCopy(target: Uint32Array, [to = 0, from = 0, end = target.length]: number[]): void {
    this.#countWrite();
    target.copyWithin(to, from, from + Math.floor((end - from) / 2));
    this.#countWrite();
  }

  #replaceArray(name: (typeof ARRAYS)[number]): () => void {
    const real = globalThis[name];
    const counting = new Proxy(real, {
      construct: (target, args: [unknown, ...unknown[]], newTarget) => {
        const view = Reflect.construct(target, args, newTarget) as View;
        return this.#isWatched(args[0]) ? this.#proxy(view) : view;
      },
    });
    Object.assign(globalThis, { [name]: counting });
    return () => Object.assign(globalThis, { [name]: real });
  }

  #replaceBufferFrom(): () => void {
    const real = Buffer.from as Method;
    const from: Method = (...args) => {
      const made = real.apply(Buffer, args) as Buffer;
      const isOfStore = made.length >= STORE_BUFFER_BYTES_MIN;
      return isOfStore && this.#isWatched(args[0]) ? this.#proxy(made) : made;
    };
    Object.assign(Buffer, { from });
    return () => Object.assign(Buffer, { from: real });
  }

  #isWatched(memory: unknown): boolean {
    return memory instanceof SharedArrayBuffer && this.#isWatchedMemory(memory);
  }

  #replaceAtomics(): void {
    for (const name of Object.getOwnPropertyNames(Atomics)) {
      const real = Reflect.get(Atomics, name) as unknown;
      if (typeof real !== 'function') continue;
      const replaced: Method = (array, ...rest) => {
        const target = this.#realViewOf(array);
        if (target !== array && !ATOMIC_READS.has(name)) this.#countWrite();
        return Reflect.apply(real, Atomics, [target, ...rest]);
      };
      Reflect.set(Atomics, name, replaced);
      this.#undoSteps.push(() => Reflect.set(Atomics, name, real));
    }
  }

  #replaceCopy(): void {
    const real = Buffer.prototype.copy as Method;
    const copy = (self: Buffer, [target, ...rest]: unknown[]): unknown => {
      const to = this.#realViewOf(target);
      if (to !== target) this.#countWrite();
      return real.call(this.#realViewOf(self), to, ...rest);
    };
    function replaced(this: Buffer, ...args: unknown[]): unknown {
      return copy(this, args);
    }
    Object.assign(Buffer.prototype, { copy: replaced });
    this.#undoSteps.push(() => Object.assign(Buffer.prototype, { copy: real }));
  }
}
