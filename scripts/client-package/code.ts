import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { CLIENT_NODE_MAJOR_MIN, entryNames, ROOT, sourceOf } from './manifest.ts';
import { withoutReaderTexts } from './reader-texts.ts';

const nodeRequire = createRequire(import.meta.url);
const FORMATS = [
  { format: 'esm', extension: '.js' },
  { format: 'cjs', extension: '.cjs' },
] as const;

/**
 * Runs before the client's own code. The bundle uses no syntax and no names of a builtin module
 * that would fail earlier in a Node.js from 16.11.
 */
const NODE_CHECK = `if (Number(process.versions.node.split('.')[0]) < ${CLIENT_NODE_MAJOR_MIN}) {
  const error = new Error(
    'slabring-client needs Node.js ${CLIENT_NODE_MAJOR_MIN} or newer, and this is ' +
      process.versions.node + ': install a newer one.',
  );
  error.stack = error.message;
  throw error;
}`;

const LINE_COLUMNS_MAX = 120;

const isName = (text: string): boolean => /^[A-Za-z_$][\w$]*$/.test(text) && text !== 'default';

/** Modules that take milliseconds to load, and that not every program needs. */
const LOADED_AT_FIRST_USE = ['node:crypto', 'node:dns/promises', 'node:tls', 'node:zlib'];

/**
 * Takes the names of a builtin module from its default export. An import by name of what an older
 * Node.js does not have fails before any code runs, so nothing could say why.
 */
function namesOf(module: string): string {
  const values = Object.entries(nodeRequire(module) as object).filter(([name]) => isName(name));
  const sourceFor = (name: string, value: unknown): string => {
    if (!LOADED_AT_FIRST_USE.includes(module)) return `/* @__PURE__ */ (() => builtin.${name})()`;
    // The client calls `new` on classes of these modules, and extends none.
    if (/^[A-Z]/.test(name)) return `function (...args) { return new (load().${name})(...args); }`;
    if (typeof value === 'function') return `(...args) => load().${name}(...args)`;
    return `/* @__PURE__ */ new Proxy({}, { get: (_, name) => load().${name}[name] })`;
  };
  return [
    `import builtin from '${module}';`,
    `import { createRequire } from 'node:module';`,
    'let loaded;',
    // Node.js 22 has getBuiltinModule since 22.3; which folder requires a builtin has no effect.
    `const load = () =>
      (loaded ??= (process.getBuiltinModule ?? createRequire(process.cwd() + '/'))('${module}'));`,
    ...values.map(([name, value]) => `export const ${name} = ${sourceFor(name, value)};`),
  ].join('\n');
}

/** The names that the inlined packages use of the builtin modules that they `require`. */
const REQUIRED: Readonly<Record<string, string>> = {
  crypto: `import { createHash } from 'node:crypto'; export { createHash };`,
};

/** Makes imports of builtin modules out of the `require` of inlined packages. */
const builtins: Plugin = {
  name: 'builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, namespace, kind }) => {
      if (!isBuiltin(path)) return undefined;
      if (namespace === 'builtin') return { path, external: true, sideEffects: false };
      return { path, namespace: kind === 'require-call' ? 'required' : 'builtin' };
    });
    onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({ contents: namesOf(path) }));
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: REQUIRED[path]!,
      resolveDir: ROOT,
    }));
  },
};

/** An inlined package reads its version from its package.json; the rest of that has no use. */
const versionOnly: Plugin = {
  name: 'version-only',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/\w+\/package\.json$/ }, ({ path }) => {
      const { version } = nodeRequire(path) as { readonly version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** The adapters import the client as users do, so that both have the same classes. */
const clientOf = (extension: string): Plugin => ({
  name: 'client',
  setup({ onResolve }) {
    onResolve({ filter: /^(\.\.\/)+client\.ts$/ }, () => ({
      path: `./index${extension}`,
      external: true,
    }));
  },
});

/**
 * Writes the code of every entry point as ES module and as CommonJS, with the packages that it uses
 * inlined. Comments and blanks cost time at each import, so they are left out. Names stay, and so do
 * short lines: a stack shows names, and an uncaught error its line.
 */
export async function writeCode(folder: string): Promise<void> {
  for (const { format, extension } of FORMATS) {
    const options: BuildOptions = {
      absWorkingDir: ROOT,
      outdir: folder,
      outExtension: { '.js': extension },
      format,
      bundle: true,
      platform: 'node',
      target: 'es2022',
      sourcemap: true,
      banner: { js: NODE_CHECK },
      legalComments: 'none',
      minifyWhitespace: true,
      minifySyntax: true,
      lineLimit: LINE_COLUMNS_MAX,
      plugins: [builtins, clientOf(extension), versionOnly, withoutReaderTexts],
      external: ['@opentelemetry/api'],
    };
    const entries = entryNames().map((name) => ({ in: join(ROOT, sourceOf(name)), out: name }));
    await build({ ...options, entryPoints: entries });
  }
}
