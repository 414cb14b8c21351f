/**
 * Shared memory whose n-th write throws, so that a thread dies between any two writes. The store knows nothing of
 * it: while a `FaultyMemory` is open, the typed arrays that are made of a watched SharedArrayBuffer are proxies
 * that count, and Atomics and Buffer.copy take proxies for what they stand for.
 */

/** What a thread dies of. */
export class InjectedFault extends Error {
  constructor(write: number) {
    super(`a fault was injected at write ${write} to shared memory`);
    this.name = 'InjectedFault';
  }
}

type View = Int32Array | Uint32Array | Float64Array | Uint8Array | DataView;
type Method = (...args: unknown[]) => unknown;

const ARRAYS = ['Int32Array', 'Uint32Array', 'Float64Array', 'Uint8Array', 'DataView'] as const;
const ATOMIC_READS = new Set(['load', 'wait', 'waitAsync', 'notify', 'isLockFree', 'pause']);

export class FaultyMemory {
  /** How many writes there were since the last `arm`. */
  writes = 0;
  #failAt = Number.POSITIVE_INFINITY;
  readonly #watches: (memory: SharedArrayBuffer) => boolean;
  readonly #targets = new WeakMap<object, View>();
  readonly #undo: (() => void)[] = [];

  constructor(watches: (memory: SharedArrayBuffer) => boolean) {
    this.#watches = watches;
    this.#replaceAtomics();
    this.#replaceCopy();
  }

  /** Counts from 0 again; write number `failAt` (from 1) and all after it throw, and do not happen. */
  arm(failAt: number): void {
    this.writes = 0;
    this.#failAt = failAt;
  }

  /** Arrays that are made of watched memory count, from now until the function given back is called. */
  watchNewArrays(): () => void {
    const undo = [...ARRAYS.map((name) => this.#replaceArray(name)), this.#replaceBufferFrom()];
    return () => {
      for (const each of undo) each();
    };
  }

  /** All is as it was, but the proxies that were made are of no more use. */
  close(): void {
    for (const undo of this.#undo) undo();
  }

  #tick(): void {
    this.writes++;
    if (this.writes >= this.#failAt) throw new InjectedFault(this.#failAt);
  }

  #real(value: unknown): unknown {
    return (typeof value === 'object' && value !== null && this.#targets.get(value)) || value;
  }

  #proxy<T extends View>(view: T): T {
    const methods = new Map<PropertyKey, Method>();
    const proxy = new Proxy(view, {
      get: (target, name) => {
        const known = methods.get(name);
        if (known !== undefined) return known;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        const method = this.#counted(target, name, value as Method);
        methods.set(name, method);
        return method;
      },
      set: (target, name, value) => {
        this.#tick();
        return Reflect.set(target, name, value, target);
      },
    });
    this.#targets.set(proxy, view);
    return proxy;
  }

  #counted(target: View, name: PropertyKey, method: Method): Method {
    const writes = typeof name === 'string' && /^(set|fill|write)/.test(name);
    return (...args) => {
      if (name === 'copyWithin') this.#copyHalf(target as Uint32Array, args as number[]);
      else if (writes) this.#tick();
      return method.apply(target, args);
    };
  }

  /** A copy can be cut short in the middle. */
  #copyHalf(target: Uint32Array, [to = 0, from = 0, end = target.length]: number[]): void {
    this.#tick();
    target.copyWithin(to, from, from + Math.floor((end - from) / 2));
    this.#tick();
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
      return this.#isWatched(args[0]) ? this.#proxy(made) : made;
    };
    Object.assign(Buffer, { from });
    return () => Object.assign(Buffer, { from: real });
  }

  #isWatched(memory: unknown): boolean {
    return memory instanceof SharedArrayBuffer && this.#watches(memory);
  }

  #replaceAtomics(): void {
    for (const name of Object.getOwnPropertyNames(Atomics)) {
      const real = Reflect.get(Atomics, name) as unknown;
      if (typeof real !== 'function') continue;
      const replaced: Method = (array, ...rest) => {
        const target = this.#real(array);
        if (target !== array && !ATOMIC_READS.has(name)) this.#tick();
        return Reflect.apply(real, Atomics, [target, ...rest]);
      };
      Reflect.set(Atomics, name, replaced);
      this.#undo.push(() => Reflect.set(Atomics, name, real));
    }
  }

  #replaceCopy(): void {
    const real = Buffer.prototype.copy as Method;
    const copy = (self: Buffer, [target, ...rest]: unknown[]): unknown => {
      const to = this.#real(target);
      if (to !== target) this.#tick();
      return real.call(this.#real(self), to, ...rest);
    };
    function replaced(this: Buffer, ...args: unknown[]): unknown {
      return copy(this, args);
    }
    Object.assign(Buffer.prototype, { copy: replaced });
    this.#undo.push(() => Object.assign(Buffer.prototype, { copy: real }));
  }
}
