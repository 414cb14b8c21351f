/** Checks manifests against the types of the Kubernetes API, also where there is no kubectl. */
import { spawnSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './built-packages.ts';
import { temporaryFolder } from './folder.ts';
import type { Manifest } from './kustomize.ts';

/** The module of an API: apps/v1, core/v1 of v1, networking/v1 of networking.k8s.io/v1. */
function moduleOf({ apiVersion }: Manifest): string {
  const [group = '', version] = apiVersion.split('/');
  const folder = version === undefined ? `core/${group}` : `${group.split('.')[0]}/${version}`;
  return `kubernetes-types/${folder}`;
}

/** What the compiler says of fields that the API does not have, or has with another type. */
export async function schemaProblems(manifests: readonly Manifest[]): Promise<readonly string[]> {
  const { path, remove } = await temporaryFolder();
  try {
    await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    const lines = manifests.flatMap((manifest, nth) => [
      `import type { ${manifest.kind} as Kind${nth} } from '${moduleOf(manifest)}';`,
      `export const manifest${nth}: Kind${nth} = ${JSON.stringify(manifest)};`,
    ]);
    const file = join(path, 'manifests.ts');
    await writeFile(file, lines.join('\n'));
    const strict = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--types', ''];
    const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext'];
    const compiler = join(ROOT, 'node_modules/.bin/tsc');
    const { stdout, stderr } = spawnSync(
      compiler,
      [...strict, ...modules, '--pretty', 'false', file],
      {
        encoding: 'utf8',
      },
    );
    return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  } finally {
    await remove();
  }
}
