import { readFileSync } from 'node:fs';
import { Memcache } from 'memcache';
import { MemcacheClient } from 'memcache-client';
import Memcached from 'memcached';
import memjs from 'memjs';
import { createClient } from '../../src/client.ts';

/** One client library, used as its own documentation recommends. Values are text. */
export interface Driver {
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  /** Returns the number of keys found. */
  getMany(keys: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** A deadline that no operation reaches: the benchmark measures speed, not timeouts. */
const TIMEOUT_MS = 20_000;

export const DRIVERS = {
  slabring: openSlabring,
  memjs: openMemjs,
  memcached: openMemcached,
  memcache: openMemcache,
  'memcache-client': openMemcacheClient,
} as const;

export type ClientName = keyof typeof DRIVERS;
export const CLIENT_NAMES = Object.keys(DRIVERS) as readonly ClientName[];

/** The version of the measured package. */
export function versionOf(name: ClientName): string {
  const folder = name === 'slabring' ? '../../' : `../../node_modules/${name}/`;
  const file = new URL(`${folder}package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}

async function openSlabring(port: number): Promise<Driver> {
  const client = createClient({ nodes: [`127.0.0.1:${port}`], deadlineMs: TIMEOUT_MS });
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: async (keys) => (await client.getMany(keys)).values.size,
    close: () => client.close(),
  };
}

/** memjs has no call for many keys: the driver runs its gets concurrently. */
async function openMemjs(port: number): Promise<Driver> {
  const client = memjs.Client.create(`127.0.0.1:${port}`, { timeout: TIMEOUT_MS / 1000 });
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: async (keys) => {
      const found = await Promise.all(keys.map((key) => client.get(key)));
      return found.reduce((sum, { value }) => sum + (value === null ? 0 : 1), 0);
    },
    close: async () => client.close(),
  };
}

/** memcached (npm) uses callbacks; the driver wraps each in a promise, as its users do. */
async function openMemcached(port: number): Promise<Driver> {
  const client = new Memcached(`127.0.0.1:${port}`, { timeout: TIMEOUT_MS });
  const promise = <T>(call: (done: (error: unknown, result: unknown) => void) => void) =>
    new Promise<T>((resolve, reject) => {
      call((error, result) => (error ? reject(error) : resolve(result as T)));
    });
  return {
    get: (key) => promise((done) => client.get(key, done)),
    set: (key, value) => promise((done) => client.set(key, value, 0, done)),
    getMany: async (keys) =>
      Object.keys(await promise<object>((done) => client.getMulti(keys, done))).length,
    close: async () => client.end(),
  };
}

async function openMemcache(port: number): Promise<Driver> {
  const client = new Memcache({ nodes: [`127.0.0.1:${port}`], timeout: TIMEOUT_MS });
  await client.connect();
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: async (keys) => (await client.gets([...keys])).size,
    close: () => client.disconnect(),
  };
}

async function openMemcacheClient(port: number): Promise<Driver> {
  const client = new MemcacheClient({
    server: { server: `127.0.0.1:${port}` },
    cmdTimeout: TIMEOUT_MS,
    lifetime: 0,
  });
  return {
    get: (key) => client.get(key),
    set: (key, value) => client.set(key, value),
    getMany: async (keys) => Object.keys(await client.get([...keys])).length,
    close: async () => client.shutdown(),
  };
}
