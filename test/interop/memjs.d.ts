/** The part of npm's `memjs` that the interop tests use. */
declare module 'memjs' {
  interface Options {
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    /** Seconds. */
    readonly timeout?: number;
    readonly retries?: number;
    readonly logger?: { log(message: string): void };
  }
  interface Lifetime {
    readonly expires?: number;
  }
  interface Counting extends Lifetime {
    readonly initial?: number;
  }
  type StatsCallback = (
    error: Error | null,
    server: string,
    stats: Readonly<Record<string, string>> | null,
  ) => void;

  class Client {
    static create(servers: string, options?: Options): Client;
    get(key: string): Promise<{ value: Buffer | null; flags: Buffer | null }>;
    set(key: string, value: string | Buffer, options?: Lifetime): Promise<boolean>;
    add(key: string, value: string | Buffer, options?: Lifetime): Promise<boolean>;
    replace(key: string, value: string | Buffer, options?: Lifetime): Promise<boolean>;
    append(key: string, value: string | Buffer): Promise<boolean>;
    prepend(key: string, value: string | Buffer): Promise<boolean>;
    delete(key: string): Promise<boolean>;
    increment(
      key: string,
      amount: number,
      options?: Counting,
    ): Promise<{ success: boolean; value: number }>;
    decrement(
      key: string,
      amount: number,
      options?: Counting,
    ): Promise<{ success: boolean; value: number }>;
    touch(key: string, expires: number): Promise<boolean>;
    flush(): Promise<Readonly<Record<string, unknown>>>;
    statsWithKey(key: string, callback: StatsCallback): void;
    quit(): void;
    close(): void;
    /** The node of a key; without a socket it is not connected. */
    server(key: string): { readonly _socket: object | undefined };
  }

  const memjs: { Client: typeof Client };
  export default memjs;
  export type { Client, Options };
}
