/** The commands of the Docker image, run without Docker from the files that it contains. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Health } from '../../src/cli/cache/health-check.ts';
import { run } from '../../src/cli/run.ts';
import { healthVerb } from '../../src/cli/verbs/health.ts';
import { RawNode } from '../integration/client/raw-node.ts';
import { type BuiltPackages, buildPackages } from '../support/built-packages.ts';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { OwnedProcess } from '../support/server.ts';
import { FILES, textOf } from '../tidy/tree.ts';
import { TestHost } from '../unit/cli/host.ts';

let built: BuiltPackages;
beforeAll(async () => {
  built = await buildPackages();
});
afterAll(() => built?.remove());

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** The words of a Dockerfile instruction in JSON form. */
function wordsOf(instruction: RegExp): readonly string[] {
  const text = textOf('Dockerfile').replaceAll('\\\n', ' ');
  return JSON.parse(instruction.exec(text)?.[1] ?? '[]') as string[];
}

/** A file of the image, by its path in the image's folder. */
const inImage = (path: string): string => join(built.project, 'node_modules/slabring', path);

/** The health check of the image, with more options after those that it has. */
async function imageHealth(...more: readonly string[]) {
  const [command = '', file = '', ...rest] = wordsOf(/^HEALTHCHECK .*CMD (\[.*\])$/m);
  expect(command).toBe('node');
  const words = [process.execPath, inImage(file), ...rest, '--json', ...more];
  const owned = new OwnedProcess(words);
  const { code } = await owned.exited;
  return { code, nodes: JSON.parse(owned.stdout) as readonly Health[] };
}

test.skipIf(process.platform !== 'linux')(
  'the image’s health check finds the node by the options of its process',
  async () => {
    const { path, remove } = await temporaryFolder();
    ending.push(remove);
    const authority = await Authority.create(path);
    const tls = { identity: await authority.issue('node'), ca: readFileSync(authority.ca) };
    const users = `${path}/users`;
    await writeFile(users, 'app:secret\n');
    const verify = ['-o', `ssl_verify_mode=2,ssl_ca_cert=${authority.ca}`];
    const small = ['-t', '1', '-m', '8'];
    const entry = inImage(wordsOf(/^ENTRYPOINT (\[.*\])$/m)[1]!);
    const started = [
      await startSlabring({ entry, args: [...small] }),
      await startSlabring({ entry, args: [...small, '-Y', users, '-S', '--sasl-only'] }),
      await startSlabring({ entry, args: [...small, ...verify], tls }),
      await startSlabring({ entry, args: small, tls, env: { SLABRING_AUTH_FILE: users } }),
      await startSlabring({ entry, args: small, unixSocket: `${path}/node.sock` }),
    ];
    for (const server of started) ending.push(() => server.stop());
    const { nodes } = await imageHealth('--patience=20000');
    for (const { address } of started) {
      const name = 'path' in address ? address.path : `${address.host}:${address.port}`;
      expect(nodes.find(({ node }) => node === name)).toMatchObject({ state: 'ready' });
    }
  },
);

test('a health check uses the protocol, so an open port is not enough', async () => {
  const mute = await RawNode.start(() => undefined, 'silent');
  ending.push(() => mute.stop());
  const host = new TestHost();
  const line = ['health', '-p', `${mute.port}`, '--patience', '200', '--live'];
  expect([await run(line, [healthVerb], host), host.errorLines]).toEqual([
    1,
    [expect.stringContaining('no reply within 200 ms')],
  ]);
});

test('the image starts a node directly, without a shell that would catch its signals', () => {
  expect(wordsOf(/^ENTRYPOINT (\[.*\])$/m)).toEqual(['node', 'dist/cli/main.js']);
  expect(wordsOf(/^CMD (\[.*\])$/m)).toEqual(['serve']);
});

describe('the Dockerfile', () => {
  const lines = textOf('Dockerfile').split('\n');

  test('the build has every file that it copies', () => {
    const ignored = textOf('.dockerignore').split('\n');
    const copied = lines.flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1] ?? []);
    for (const path of new Set(copied.flatMap((paths) => paths.split(' ')))) {
      expect(FILES.some((file) => file === path || file.startsWith(`${path}/`))).toBe(true);
      expect(ignored).toContain(`!${path}`);
    }
  });

  test('the image has the bundles and not the sources, which take twice the memory', () => {
    const image = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')));
    const copied = image.filter((line) => line.startsWith('COPY'));
    expect(copied).toContain('COPY --from=build /app/dist ./dist');
    expect(copied.join('\n')).not.toContain('src');
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    expect(lines).toContain('RUN npm run build:node && npm run build:fast-path');
    expect(scripts['build:node']).toContain('scripts/node-bundle');
  });
});
