import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionsOf, entryNames } from '../../scripts/client-package/manifest.ts';
import {
  type BuiltPackages,
  buildPackages,
  program,
  ROOT,
  run,
} from '../support/built-packages.ts';
import { startSlabring } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';

const MINIFIED_BYTES_MAX = 160_000;
const PACKAGES = ['slabring', 'slabring-client'] as const;
const FORMATS = [
  { format: 'esm', extension: '.mjs' },
  { format: 'cjs', extension: '.cjs' },
] as const;

/** Programs that store a value and print what they read. They take the port as their argument. */
const USE = `
const cache = createClient({ nodes: ['127.0.0.1:' + process.argv[2]], deadlineMs: 20000 });
(async () => {
  await cache.set('key', { from: NAME });
  console.log(JSON.stringify(await cache.get('key')), new CacheError('ERR_KEY') instanceof Error);
  await cache.close();
})();`;
const programOf = (name: string, format: 'esm' | 'cjs'): string => {
  const names = '{ CacheError, createClient }';
  const load =
    format === 'esm' ? `import ${names} from '${name}';` : `const ${names} = require('${name}');`;
  return load + USE.replace('NAME', `'${name}'`);
};

let built: BuiltPackages;
let node: TestServer;
beforeAll(async () => {
  [built, node] = await Promise.all([buildPackages(), startSlabring()]);
});
afterAll(async () => {
  await Promise.all([node?.stop(), built?.remove()]);
});

const inPackage = (name: string, ...path: readonly string[]): string =>
  join(built.project, 'node_modules', name, ...path);
const manifestOf = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
  JSON.parse(await readFile(inPackage(name, 'package.json'), 'utf8'));

describe.each(PACKAGES)('the package %s', (name) => {
  test.each(FORMATS)('a program of format $format uses it', async ({ format, extension }) => {
    const path = await program(built.project, `${name}${extension}`, programOf(name, format));
    const { stdout, stderr } = await run(process.execPath, [path, String(node.port)]);
    expect({ stdout, stderr }).toEqual({ stdout: `{"from":"${name}"} true\n`, stderr: '' });
  });

  test.each(FORMATS)(
    'a program that esbuild bundles as $format uses it',
    async ({ format, extension }) => {
      const source = await program(built.project, `${name}-source.mjs`, programOf(name, 'esm'));
      const outfile = join(built.project, `${name}-bundle${extension}`);
      const options = { bundle: true, platform: 'node', format, minify: true } as const;
      const { warnings } = await build({ entryPoints: [source], outfile, ...options });
      expect(warnings).toEqual([]);
      const { stdout } = await run(process.execPath, [outfile, String(node.port)]);
      expect(stdout).toBe(`{"from":"${name}"} true\n`);
    },
  );

  test('publint has no message', async () => {
    const { messages } = await publint({ pkgDir: inPackage(name), pack: false, strict: true });
    const manifest = await manifestOf(name);
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  test('the types resolve in every mode of TypeScript', async () => {
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json'], {
      cwd: inPackage(name),
    });
    const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
    const attw = join(ROOT, 'node_modules/.bin/attw');
    // Nodes need Node.js 24, which can `require` an ES module.
    const rules = name === 'slabring' ? ['--ignore-rules', 'cjs-resolves-to-esm'] : [];
    const report = await run(attw, [inPackage(name, filename), '--format', 'ascii', ...rules]);
    expect(report.stdout).toContain('No problems found');
  });

  test.each(['21.7.3', '20.20.2', '16.20.2'])('Node.js %s gets one sentence', async (version) => {
    const disguise = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`;
    const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
    const sentence = `needs Node.js 22 or newer, and this is ${version}: install a newer one.`;
    for (const { format, extension } of FORMATS) {
      const path = await program(built.project, `old${extension}`, programOf(name, format));
      const failure = await run(process.execPath, ['--import', preload, path]).catch((e) => e);
      expect(failure).toMatchObject({ code: 1, stdout: '' });
      expect(String(failure.stderr).split('\n')).toContainEqual(
        expect.stringMatching(new RegExp(`^\\[?slabring-client ${sentence}\\]?$`)),
      );
      expect(failure.stderr).not.toContain('    at ');
    }
  });
});

describe('slabring-client', () => {
  test('the package has no dependencies and the entry points of slabring', async () => {
    const client = await manifestOf('slabring-client');
    expect(client).not.toHaveProperty('dependencies');
    expect(client).toMatchObject({ sideEffects: false, engines: { node: '>=22' } });
    const main = await manifestOf('slabring');
    expect(client['version']).toBe(main['version']);
    for (const name of entryNames()) {
      const path = name === 'index' ? '.' : `./${name}`;
      expect(main['exports']).toMatchObject({
        [path]: conditionsOf(name, './dist/slabring-client'),
      });
      expect(client['exports']).toMatchObject({ [path]: conditionsOf(name, '.') });
    }
  });

  test.each(['index.js', 'index.cjs'])('%s has at most 160 kB minified', async (file) => {
    const entry = inPackage('slabring-client', file);
    const options = { bundle: true, minify: true, platform: 'node', write: false } as const;
    const { outputFiles } = await build({ entryPoints: [entry], ...options });
    expect(outputFiles[0]!.contents.length).toBeLessThanOrEqual(MINIFIED_BYTES_MAX);
  });

  test.each(FORMATS)('adapters share the classes of the client ($format)', async (each) => {
    const { format, extension } = each;
    const loadOf = (names: string, from: string): string =>
      format === 'esm' ? `import ${names} from '${from}';` : `const ${names} = require('${from}');`;
    const code = [
      loadOf('{ CacheError }', 'slabring-client'),
      loadOf('{ KeyvSlabring }', 'slabring-client/keyv'),
      loadOf('{ inspect }', 'node:util'),
      'try { new KeyvSlabring({}, { no: 1 }); } catch (error) {',
      '  console.log(error instanceof CacheError, inspect(error.at()).slice(0, 11));',
      '}',
    ];
    const path = await program(built.project, `adapters${extension}`, code.join('\n'));
    const { stdout } = await run(process.execPath, [path]);
    expect(stdout).toBe('true CacheError:\n');
  });

  test('every file of code has a source map', async () => {
    const files = await readdir(inPackage('slabring-client'));
    const code = files.filter((file) => /\.c?js$/.test(file));
    expect(code.length).toBe(2 * entryNames().length);
    for (const file of code) {
      expect(files).toContain(`${file}.map`);
      const text = await readFile(inPackage('slabring-client', file), 'utf8');
      expect(text).toContain(`//# sourceMappingURL=${file}.map`);
    }
  });
});

test('slabring/server refuses an old Node.js by one sentence', async () => {
  const disguise = `Object.defineProperty(process.versions, 'node', { value: '22.0.0' })`;
  const preload = `data:text/javascript,${encodeURIComponent(disguise)}`;
  const path = await program(built.project, 'server.mjs', "import 'slabring/server';");
  const failure = await run(process.execPath, ['--import', preload, path]).catch((e) => e);
  expect(failure.stderr).toContain('slabring/server needs Node.js 24 or newer, and this is 22.0.0');
});
