import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BuiltPackages,
  buildPackages,
  program,
  ROOT,
  run,
} from '../support/built-packages.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { textOf } from '../tidy/tree.ts';

const LINES_MAX = 12;
/** By the first package that a snippet imports: a program after it, which shows what it did. */
const CHECKS: Readonly<Record<string, string>> = {
  keyv: `print(user, await keyv.get('user:7'), await keyv.delete('user:7'));`,
  'cache-manager': `print(user, await manager.get('user:7'));`,
  express: `const server = app.get('/', (_, response) => response.json({})).listen(0, async () => {
    const { headers } = await fetch('http://127.0.0.1:' + server.address().port);
    print(headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining'));
    process.exit(0);
  }); await new Promise(() => {});`,
  '@fastify/rate-limit': `app.get('/', () => ({})); const { headers } = await app.inject('/');
    print(headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']);`,
  '@fastify/cookie': `app.get('/', ({ session }) => { session.user = 7; return {}; });
    const [, id] = /sessionId=([^.%]+)/.exec((await app.inject('/')).headers['set-cookie']);
    print((await cache.get('sess:' + id)).includes('"user":7'));`,
  unstorage: `print(user, await storage.hasItem('users:7'));`,
  bentocache: `print(user, await bento.get({ key: 'user:7' }));`,
  slabring: `print(await cache.get('user:7'));`,
};
const PRINTED: Readonly<Record<string, string>> = {
  keyv: '[{"name":"Ada"},{"name":"Ada"},true]',
  'cache-manager': '[{"name":"Ada"},{"name":"Ada"}]',
  express: '["100","99"]',
  '@fastify/rate-limit': '["100","99"]',
  '@fastify/cookie': '[true]',
  unstorage: '[{"name":"Ada"},true]',
  bentocache: '[{"name":"Ada"},{"name":"Ada"}]',
  slabring: '[{"name":"Ada"}]',
};

const PAGE = textOf('docs/adapters.md');
const snippets = [...PAGE.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code!);
const packagesOf = (code: string): readonly string[] =>
  [...code.matchAll(/from '((?:@[\w-]+\/)?[\w.-]+)/g)].map(([, name]) => name!);

let built: BuiltPackages;
let node: TestServer;
beforeAll(async () => {
  [built, node] = await Promise.all([buildPackages(), startSlabring()]);
  // The instrumentation imports its package itself.
  const names = new Set([...snippets.flatMap(packagesOf), '@opentelemetry/api']);
  for (const name of names) {
    if (name.startsWith('slabring') || name.startsWith('node')) continue;
    const link = join(built.project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
});
afterAll(async () => {
  await Promise.all([node?.stop(), built?.remove()]);
});

describe('docs/adapters.md', () => {
  test('the page has a snippet for each check', () => {
    const names = snippets.map((code) => packagesOf(code)[0]);
    expect(names).toEqual(Object.keys(CHECKS));
  });

  test('the files for Next.js are those of the application in test/system/next-app', () => {
    const files = ['next.config.mjs', 'cache-handler.mjs', 'use-cache-handler.mjs'];
    const shown = [...PAGE.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
    expect(shown).toEqual(files.map((file) => textOf(`test/system/next-app/${file}`)));
  });

  test.each(snippets.map((code) => ({ name: packagesOf(code)[0]!, code })))(
    'the snippet for $name is short and runs as it stands',
    async ({ name, code }) => {
      expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(LINES_MAX);
      const own = code.replaceAll('127.0.0.1:11211', `127.0.0.1:${node.port}`);
      const print = 'const print = (...values) => console.log(JSON.stringify(values));';
      const whole = [own, print, CHECKS[name], 'process.exit(0);'].join('\n');
      const path = await program(built.project, `${name.replace('/', '-')}.ts`, whole);
      const { stdout } = await run(process.execPath, [path]);
      expect(stdout).toBe(`${PRINTED[name]}\n`);
    },
  );
});
