/** The images of the tests: that of the checkout, and those that the compose file names. */
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCommand } from '../support/commands.ts';
import { temporaryFolder } from '../support/folder.ts';
import { docker } from './engine.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE_IMAGE = 'node:26-bookworm-slim';
export const TEST_IMAGE = 'slabring-test';
const MIB = 1024 * 1024;

/** Builds the image of this checkout; returns what it adds to the image of Node.js. */
export async function buildImage(): Promise<number> {
  await docker('build', '--quiet', '--network', 'host', '--tag', TEST_IMAGE, ROOT);
  const [own = 0, base = 0] = await Promise.all([TEST_IMAGE, NODE_IMAGE].map(sizeMib));
  console.info(`The image has ${own.toFixed(0)} MiB, ${base.toFixed(0)} of them are Node.js.`);
  return own - base;
}

async function sizeMib(image: string): Promise<number> {
  return Number(await docker('image', 'inspect', '--format', '{{.Size}}', image)) / MIB;
}

/** Files of a substitute, by their names in the image, and its last instructions. */
interface Substitute {
  readonly files: Readonly<Record<string, string>>;
  readonly instructions: readonly string[];
}

/** In place of the images that a machine without a registry cannot get. */
const SUBSTITUTES: Readonly<Record<string, () => Substitute | undefined>> = {
  /** Debian's Prometheus, with the user and the volume of the real image. */
  prometheus: () => {
    const command = findCommand('prometheus');
    if (command === undefined) return undefined;
    return {
      files: { prometheus: command },
      instructions: [
        'COPY prometheus /bin/prometheus',
        'RUN mkdir /prometheus && chown 65534:65534 /prometheus',
        'USER 65534',
        'ENTRYPOINT ["/bin/prometheus"]',
      ],
    };
  },
  /** Reads the files that Grafana reads, as the user of the real image; it draws nothing. */
  grafana: () => ({
    files: { 'grafana.ts': fileURLToPath(new URL('grafana-substitute.ts', import.meta.url)) },
    instructions: [
      'COPY grafana.ts /grafana.ts',
      'RUN mkdir /var/lib/grafana && chown 472:0 /var/lib/grafana',
      'USER 472',
      'CMD ["node", "/grafana.ts"]',
    ],
  }),
};

/** The image if the engine has it or gets it, else a substitute; undefined if there is neither. */
export async function imageOrSubstitute(image: string): Promise<string | undefined> {
  const has = await docker('image', 'inspect', image)
    .catch(() => docker('pull', '--quiet', image))
    .then(
      () => true,
      () => false,
    );
  if (has) return image;
  const name = image.replace(/^.*\/|:.*$/g, '');
  const substitute = SUBSTITUTES[name]?.();
  if (substitute === undefined) return undefined;
  console.warn(`${image} cannot be pulled: a substitute takes its place.`);
  const { path, remove } = await temporaryFolder();
  for (const [file, source] of Object.entries(substitute.files)) {
    await copyFile(source, join(path, file));
  }
  const lines = [`FROM ${NODE_IMAGE}`, ...substitute.instructions];
  await writeFile(join(path, 'Dockerfile'), lines.join('\n'));
  const tag = `${TEST_IMAGE}-${name}`;
  await docker('build', '--quiet', '--tag', tag, path);
  await remove();
  return tag;
}
