/**
 * Bundles what a node's process runs: the command, and the job of each thread, with the packages
 * they import. Each of 200 modules would cost each thread about 70 KiB of memory, and each start of
 * a thread the time to find, read and compile them.
 */
import { cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { build, type Plugin } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../..');
const SOURCES = join(ROOT, 'src');

/** The files that become bundles. None contains another: it loads it at run time. */
const ENTRIES = [
  'cli/main',
  'cli/command',
  'cli/node-command',
  'node/threads/serve-job',
  'node/threads/maintain-job',
  'node/threads/guest-job',
  'ops/snapshot/snapshot-job',
  'cluster/thread/thread-cluster',
  'proxy/main',
  'proxy/thread-proxy',
  'cluster/node/fill-job',
  'cluster/member',
  // A node without an admin port, snapshots and warm restarts does not load it.
  'ops/index',
  // One class in all bundles: `instanceof` tells failures from bugs, which end the node.
  'base/coded-error',
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
/** Packages that one verb needs: the others shall not read and compile them. */
const RARELY_USED = ['postgres', 'yaml'];

/** What CommonJS packages in a bundle need, under a name that no package has. */
const REQUIRE =
  "import { createRequire as requireAt } from 'node:module'; const require = requireAt(import.meta.url);";

const withoutExtension = (path: string): string => path.slice(0, -'.ts'.length);

/** Leaves the imports of other bundles, and each module's own URL, by which it finds files. */
const ownFiles = (entry: string): Plugin => ({
  name: 'own-files',
  setup({ onLoad, onResolve }) {
    const folder = dirname(join(SOURCES, entry));
    const importOf = (path: string): string => `./${relative(folder, withoutExtension(path))}.js`;
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      if (!resolveDir.startsWith(SOURCES)) return undefined; // of a package
      const file = join(resolveDir, path);
      if (ENTRIES.some((other) => join(SOURCES, `${other}.ts`) === file)) {
        return { path: importOf(file), external: true };
      }
      // As package.json declares for all modules that are no program.
      return { path: file, sideEffects: false };
    });
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const url = `new URL('${importOf(path)}', import.meta.url).href`;
      const code = await readFile(path, 'utf8');
      return { contents: code.replaceAll('import.meta.url', url), loader: 'ts' };
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

/** Files that a bundle reads at run time, beside where its module would be. */
const FILES = ['control/console/assets'];

/** Writes the bundles into a folder, each where the compiler writes its entry. */
export async function bundleNode(output: string): Promise<void> {
  for (const path of FILES) await cp(join(SOURCES, path), join(output, path), { recursive: true });
  await Promise.all(
    ENTRIES.map((entry) =>
      build({
        entryPoints: [join(SOURCES, `${entry}.ts`)],
        outfile: join(output, `${entry}.js`),
        bundle: true,
        minifyWhitespace: true, // Else it keeps comments, which make texts of two bytes a character.
        lineLimit: 120,
        format: 'esm',
        banner: { js: REQUIRE },
        platform: 'node',
        target: 'node24',
        external: [...STARTS_OWN_FILES, ...RARELY_USED],
        plugins: [ownFiles(entry), lateBuiltins],
      }),
    ),
  );
}
