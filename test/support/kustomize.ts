/**
 * What `kubectl kustomize` makes of the folders in packaging/kubernetes, as far as they use it, for
 * machines without kubectl. Where kubectl is, a test compares the two.
 */
import { posix } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { textOf } from '../tidy/tree.ts';

/** A value of YAML. */
type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [name: string]: Value };
type Fields = { readonly [name: string]: Value };

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newTag: string }[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly behavior?: 'merge';
    readonly literals: readonly string[];
  }[];
  readonly patches?: readonly { readonly path: string }[];
}

/** All documents of a text; Kubernetes reads YAML 1.1, where 0440 is octal. */
export const manifestsOf = (text: string): readonly Manifest[] =>
  parseAllDocuments(text, { version: '1.1' }).map((each) => each.toJS() as Manifest);

export function render(folder: string): readonly Manifest[] {
  const kustomization = documentIn<Kustomization>(posix.join(folder, 'kustomization.yaml'));
  const { resources, configMapGenerator = [], patches = [], images = [] } = kustomization;
  let manifests = resources.flatMap((path) =>
    path.endsWith('.yaml')
      ? manifestsOf(textOf(posix.join(folder, path)))
      : render(posix.join(folder, path)),
  );
  for (const { name, literals } of configMapGenerator) {
    const data = Object.fromEntries(literals.map((each) => each.split(/=(.*)/s).slice(0, 2)));
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
    manifests = withPatch(manifests, map);
  }
  for (const { path } of patches) {
    manifests = withPatch(manifests, documentIn<Manifest>(posix.join(folder, path)));
  }
  const text = images.reduce(
    (json, { name, newTag }) => json.replaceAll(`"image":"${name}"`, `"image":"${name}:${newTag}"`),
    JSON.stringify(manifests),
  );
  return JSON.parse(text) as readonly Manifest[];
}

function documentIn<T>(path: string): T {
  return manifestsOf(textOf(path))[0] as T;
}

/** The manifests with this one merged into that of its kind and name, or added. */
function withPatch(manifests: readonly Manifest[], patch: Manifest): Manifest[] {
  const isSame = ({ kind, metadata }: Manifest): boolean =>
    kind === patch.kind && metadata.name === patch.metadata.name;
  if (!manifests.some(isSame)) return [...manifests, patch];
  return manifests.map((each) => (isSame(each) ? (merged(each, patch) as typeof each) : each));
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Lists of named things are merged by their names; other values are replaced. */
function merged(value: unknown, patch: unknown): unknown {
  if (isFields(value) && isFields(patch)) {
    const names = Object.keys(patch);
    return { ...value, ...Object.fromEntries(names.map((n) => [n, merged(value[n], patch[n])])) };
  }
  if (!Array.isArray(value) || !Array.isArray(patch)) return patch;
  const nameOf = (each: unknown): unknown => (isFields(each) ? each['name'] : undefined);
  const rest = patch.filter((each) => !value.some((old) => nameOf(old) === nameOf(each)));
  const old = value.map((each: unknown) => {
    const change: unknown = patch.find((one) => nameOf(one) === nameOf(each));
    return change === undefined ? each : merged(each, change);
  });
  return [...rest, ...old];
}
