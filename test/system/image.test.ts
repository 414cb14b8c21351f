/** The commands of the Docker image, run without Docker. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { RawNode } from '../integration/client/raw-node.ts';
import { startSlabring } from '../support/node-process.ts';
import { OwnedProcess } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

/** The words of a Dockerfile instruction in JSON form. */
function wordsOf(instruction: RegExp): readonly string[] {
  const text = readFileSync(`${ROOT}Dockerfile`, 'utf8').replaceAll('\\\n', ' ');
  return JSON.parse(instruction.exec(text)?.[1] ?? '[]') as string[];
}

async function healthOf(port: number, patienceMs: number): Promise<number | null> {
  const [command = '', file = '', ...rest] = wordsOf(/^HEALTHCHECK .*CMD (\[.*\])$/m);
  expect(command).toBe('node');
  const words = [
    process.execPath,
    `${ROOT}${file}`,
    ...rest,
    '-p',
    `${port}`,
    '--patience',
    `${patienceMs}`,
  ];
  return (await new OwnedProcess(words).exited).code;
}

test('the image’s health check uses the protocol, so an open port is not enough', async () => {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8'] });
  ending.push(() => server.stop());
  const mute = await RawNode.start(() => undefined, 'silent');
  ending.push(() => mute.stop());
  expect(await healthOf(server.port, 20_000)).toBe(0);
  expect(await healthOf(mute.port, 200)).toBe(1);
});

test('the image starts a node directly, without a shell that would catch its signals', () => {
  expect(wordsOf(/^ENTRYPOINT (\[.*\])$/m)).toEqual(['node', 'src/cli/main.ts']);
  expect(wordsOf(/^CMD (\[.*\])$/m)).toEqual(['serve']);
});
