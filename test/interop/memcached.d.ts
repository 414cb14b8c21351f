/** The part of npm's `memcached` (3rd-Eden) that the interop tests use. */
declare module 'memcached' {
  type Callback = (error: unknown, result: unknown) => void;
  type Value = string | number | boolean | object | Uint8Array;

  export default class Memcached {
    constructor(
      servers: string | readonly string[],
      options?: { timeout?: number; retries?: number },
    );
    get(key: string, callback: Callback): void;
    gets(key: string, callback: Callback): void;
    getMulti(keys: readonly string[], callback: Callback): void;
    set(key: string, value: Value, lifetime: number, callback: Callback): void;
    add(key: string, value: Value, lifetime: number, callback: Callback): void;
    replace(key: string, value: Value, lifetime: number, callback: Callback): void;
    cas(key: string, value: Value, cas: string, lifetime: number, callback: Callback): void;
    append(key: string, value: Value, callback: Callback): void;
    prepend(key: string, value: Value, callback: Callback): void;
    incr(key: string, amount: number, callback: Callback): void;
    decr(key: string, amount: number, callback: Callback): void;
    del(key: string, callback: Callback): void;
    touch(key: string, lifetime: number, callback: Callback): void;
    version(callback: Callback): void;
    flush(callback: Callback): void;
    stats(callback: Callback): void;
    settings(callback: Callback): void;
    slabs(callback: Callback): void;
    items(callback: Callback): void;
    cachedump(server: string, slab: number, count: number, callback: Callback): void;
    end(): void;
  }
}
