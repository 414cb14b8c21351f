import { existsSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BuiltPackages,
  buildPackages,
  program,
  ROOT,
  run,
} from '../support/built-packages.ts';
import { startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';

const APP = join(ROOT, 'test/system/next-app');
const NEXT = join(APP, 'node_modules/next/dist/bin/next');
const isInstalled = existsSync(NEXT);
if (!isInstalled) {
  console.log(
    'Next.js is not installed: npm ci --prefix test/system/next-app. Skipping its tests.',
  );
}

/** A server of the built application. */
interface NextServer {
  readonly process: OwnedProcess;
  /** The text of a path. */
  read(path: string): Promise<string>;
  revalidate(what: { readonly tag?: string; readonly path?: string }): Promise<void>;
}

/** A program that compiles if the handlers have the types that Next.js expects. */
const TYPES = `
import type { CacheHandler } from 'next/cache';
import type { CacheHandler as Responses } from 'next/dist/server/lib/incremental-cache/index.js';
import { createClient } from 'slabring-client';
import { nextCacheHandler, nextUseCacheHandler } from 'slabring-client/next';
const cache = createClient({ nodes: ['a'] });
export const handler: CacheHandler = nextUseCacheHandler(cache);
type Methods = Pick<Responses, 'get' | 'set' | 'revalidateTag' | 'resetRequestCache'>;
export const Handler: new (...context: unknown[]) => Methods = nextCacheHandler(cache);
`;

let built: BuiltPackages;
let node: TestServer;
const servers: NextServer[] = [];

const environment = () => ({
  CACHE_NODE: `127.0.0.1:${node.port}`,
  NEXT_TELEMETRY_DISABLED: '1',
  NODE_ENV: 'production' as const,
});

async function startNext(): Promise<NextServer> {
  const port = await freePort();
  const args = [NEXT, 'start', APP, '-H', '127.0.0.1', '-p', String(port)];
  const owned = new OwnedProcess([process.execPath, ...args], { env: environment() });
  await owned.failOnExit(waitUntil('the server is ready', () => owned.stdout.includes('Ready in')));
  const origin = `http://127.0.0.1:${port}`;
  return {
    process: owned,
    async read(path) {
      const response = await fetch(origin + path);
      expect(response.status, path).toBe(200);
      const text = await response.text();
      return /rendered [\w-]+/.exec(text)?.[0] ?? text;
    },
    async revalidate(what) {
      const body = JSON.stringify(what);
      expect((await fetch(`${origin}/revalidate`, { method: 'POST', body })).status).toBe(200);
    },
  };
}

/** Reads until the text is another one: Next.js updates tags after its reply to a revalidation. */
async function readOther(server: NextServer, path: string, old: string): Promise<string> {
  let text = old;
  await waitUntil('the server has another value', async () => {
    text = await server.read(path);
    return text !== old;
  });
  return text;
}

describe.skipIf(!isInstalled)('the cache handlers of Next.js', () => {
  beforeAll(async () => {
    [built, node] = await Promise.all([buildPackages(), startSlabring()]);
    const client = join(APP, 'node_modules/slabring-client');
    await rm(client, { recursive: true, force: true });
    await cp(join(built.project, 'node_modules/slabring-client'), client, { recursive: true });
    const env = { ...process.env, ...environment() };
    await run(process.execPath, [NEXT, 'build', APP], { env, timeout: 240_000 });
    for (let i = 0; i < 2; i++) servers.push(await startNext());
  }, 300_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.process.stop()));
    await Promise.all([node?.stop(), built?.remove()]);
    await rm(join(APP, '.next'), { recursive: true, force: true });
  });

  test.each([
    ['/value', 'the value of a function (use cache: remote)', { tag: 'value' }],
    ['/', 'a page (use cache and cacheHandler), by its tag', { tag: 'page' }],
    ['/', 'a page, by its path', { path: '/' }],
  ])('all servers share %s: %s', async (path, _, what) => {
    const [one, two] = servers as [NextServer, NextServer];
    const first = await one.read(path);
    expect(await two.read(path)).toBe(first);
    await one.revalidate(what);
    const second = await readOther(two, path, first);
    for (const server of [one, two, one]) expect(await server.read(path)).toBe(second);
  });

  test('the handlers have the types that Next.js expects', async () => {
    const file = await program(APP, 'types.mts', TYPES);
    const modules = ['--module', 'esnext', '--moduleResolution', 'bundler'];
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', ...modules];
    const roots = ['--typeRoots', join(ROOT, 'node_modules/@types'), '--types', 'node'];
    const compiled = run(join(ROOT, 'node_modules/.bin/tsc'), [...options, ...roots, file]);
    await compiled.finally(() => rm(file));
  });

  test('concurrent revalidations leave no old value', async () => {
    const [one, two] = servers as [NextServer, NextServer];
    const before = await one.read('/value');
    await Promise.all([one, two, one, two].map((each) => each.revalidate({ tag: 'value' })));
    await Promise.all([one, two].map((each) => readOther(each, '/value', before)));
  });

  test('the servers go on without the cache', async () => {
    await node.stop();
    for (const server of servers) {
      expect(await server.read('/value')).toContain('value');
      expect(await server.read('/')).toContain('rendered');
    }
  });
});
