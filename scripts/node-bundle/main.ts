/**
 * Bundles what a node's process runs, in the folder of the compiler's output: the command, and the
 * job of each thread, with the packages they import. Each of 200 modules would cost each thread
 * about 70 KiB of memory.
 *
 *   node scripts/node-bundle/main.ts [folder = dist]
 */
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** The files that become bundles. None contains another: it loads it at run time. */
const ENTRIES = [
  'cli/main.js',
  'cli/command.js',
  'cli/node-command.js',
  'node/threads/serve-job.js',
  'node/threads/maintain-job.js',
  'node/threads/guest-job.js',
  'ops/snapshot/snapshot-job.js',
  'cluster/thread/thread-cluster.js',
  'cluster/node/fill-job.js',
  'cluster/member.js',
  // One class in all bundles: `instanceof` tells failures from bugs, which end the node.
  'base/coded-error.js',
];

/** Builtin modules of one to two megabytes in each thread, which many nodes never use. */
const LOADED_AT_FIRST_USE = [
  'node:child_process',
  'node:crypto',
  'node:dns/promises',
  'node:http',
  'node:https',
  'node:readline/promises',
  'node:tls',
];

/** Packages that find files of their own by the place of their code. */
const STARTS_OWN_FILES = ['piscina'];

/** What CommonJS packages in a bundle need, under a name that no package has. */
const REQUIRE =
  "import { createRequire as requireAt } from 'node:module'; const require = requireAt(import.meta.url);";

const [folder = 'dist'] = process.argv.slice(2);
const output = resolve(folder);

/** Leaves the imports of other bundles, and each module's own URL, by which it finds files. */
const ownFiles = (entry: string): Plugin => ({
  name: 'own-files',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      if (!resolveDir.startsWith(output)) return undefined; // of a package
      const file = join(resolveDir, path);
      if (ENTRIES.some((other) => join(output, other) === file)) {
        return { path: `./${relative(dirname(entry), file)}`, external: true };
      }
      // As package.json declares for all modules that are no program.
      return { path: file, sideEffects: false };
    });
    onLoad({ filter: /\.js$/ }, async ({ path }) => {
      const url = `new URL('${relative(dirname(entry), path)}', import.meta.url).href`;
      const code = await readFile(path, 'utf8');
      return { contents: code.replaceAll('import.meta.url', url), loader: 'js' };
    });
  },
});

/** Loads a builtin module when its first function is called. */
const lateBuiltins: Plugin = {
  name: 'late-builtins',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) =>
      LOADED_AT_FIRST_USE.includes(path) ? { path, namespace: 'late-builtin' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'late-builtin' }, ({ path }) => ({
      contents: lateModule(path),
    }));
  },
};

/** The code of a module with the names of a builtin one. Its classes are loaded at once. */
function lateModule(path: string): string {
  const builtin = createRequire(import.meta.url)(path) as Readonly<Record<string, unknown>>;
  const load = `process.getBuiltinModule('${path}')`;
  const codeOf = (name: string): string => {
    if (/^[A-Z]/.test(name)) return `/* @__PURE__ */ (() => ${load}.${name})()`;
    if (typeof builtin[name] === 'function') return `(...args) => ${load}.${name}(...args)`;
    return `/* @__PURE__ */ new Proxy({}, { get: (_, key) => ${load}.${name}[key] })`;
  };
  const names = Object.keys(builtin).filter((name) => /^\w+$/.test(name) && name !== 'default');
  return names.map((name) => `export const ${name} = ${codeOf(name)};`).join('\n');
}

// All are built before the first is written: a bundle takes the place of one of its files.
const bundles = await Promise.all(
  ENTRIES.map((entry) =>
    build({
      entryPoints: [join(output, entry)],
      outfile: join(output, entry),
      write: false,
      bundle: true,
      minifyWhitespace: true, // Else it keeps comments, which make texts of two bytes a character.
      lineLimit: 120,
      format: 'esm',
      banner: { js: REQUIRE },
      platform: 'node',
      target: 'node24',
      external: STARTS_OWN_FILES,
      nodePaths: [resolve(import.meta.dirname, '../../node_modules')],
      plugins: [ownFiles(join(output, entry)), lateBuiltins],
    }),
  ),
);
for (const { outputFiles } of bundles) {
  for (const { path, contents } of outputFiles) await writeFile(path, contents);
}
