import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The oldest Node.js that the client runs on; the nodes and the command line need a newer one. */
export const CLIENT_NODE_MAJOR_MIN = 22;

/** The part of package.json that both packages have, and that the build reads. */
interface Manifest {
  readonly version: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

const ownManifest = (): Manifest =>
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;

/** Entry points of `slabring` that the client package does not have. */
const OF_THE_NODE = ['./server', './package.json'];

/** The entry points of the client package, by their file name: `index`, then the adapters. */
export const entryNames = (): readonly string[] =>
  Object.keys(ownManifest().exports)
    .filter((path) => !OF_THE_NODE.includes(path))
    .map((path) => (path === '.' ? 'index' : path.slice('./'.length)));

/** The source of an entry point, from the root of the repository. */
export const sourceOf = (name: string): string =>
  name === 'index' ? 'src/client.ts' : `src/adapters/${name}.ts`;

/** The conditions of an entry point: each kind of module has its own code and its own types. */
export const conditionsOf = (name: string, folder: string) => ({
  import: { types: `${folder}/${name}.d.ts`, default: `${folder}/${name}.js` },
  require: { types: `${folder}/${name}.d.cts`, default: `${folder}/${name}.cjs` },
});

/**
 * The package.json of `slabring-client`. All files lie in the root of the package, so that
 * `moduleResolution: node10`, which knows no `exports`, finds the adapters as well.
 */
export function clientManifest(): object {
  const { version, keywords, license, peerDependencies, peerDependenciesMeta } = ownManifest();
  const entries = entryNames().map((name) => [
    name === 'index' ? '.' : `./${name}`,
    conditionsOf(name, '.'),
  ]);
  return {
    name: 'slabring-client',
    version,
    description: 'The client of slabring: shards keys over Memcached nodes, with failover.',
    keywords: keywords.filter((word) => word !== 'server'),
    license,
    type: 'module',
    sideEffects: false,
    engines: { node: `>=${CLIENT_NODE_MAJOR_MIN}` },
    main: './index.cjs',
    module: './index.js',
    types: './index.d.ts',
    exports: { ...Object.fromEntries(entries), './package.json': './package.json' },
    peerDependencies,
    peerDependenciesMeta,
  };
}
