/** The cluster of docker-compose.yml at the top, in a real Docker engine. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort } from '../support/ports.ts';
import { RawConnection } from '../support/wire.ts';
import { textOf } from '../tidy/tree.ts';
import { ComposeProject, whyNoDocker } from './engine.ts';
import { buildImage, TEST_IMAGE } from './images.ts';
import { expectDrained, expectFewRights, expectMemoryFits, NODES } from './nodes.ts';

describe.skipIf(whyNoDocker() !== undefined)('the cluster of docker-compose.yml', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let project: ComposeProject;
  const ports: number[] = [];

  beforeAll(async () => {
    expect(await buildImage()).toBeLessThan(32);
    folder = await temporaryFolder();
    let text = textOf('docker-compose.yml')
      .replace('  build: .\n', '')
      .replace(/image: slabring:\S+/, `image: ${TEST_IMAGE}`);
    for (const port of [11211, 11212, 11213]) {
      ports.push(await freePort());
      text = text.replace(`127.0.0.1:${port}:`, `127.0.0.1:${ports.at(-1)}:`);
    }
    const file = join(folder.path, 'docker-compose.yml');
    await writeFile(file, text);
    project = new ComposeProject(file);
    await project.up();
    await project.untilHealthy(NODES);
  });
  afterAll(async () => {
    await project?.down();
    await folder?.remove();
  });

  test('a client on the host stores and finds keys on all nodes', async () => {
    const nodes = ports.map((port) => `127.0.0.1:${port}`);
    const cache = createClient({ nodes, deadlineMs: 30_000 });
    const keys = Array.from({ length: 300 }, (_, nth) => `key-${nth}`);
    await cache.setMany(keys.map((key) => [key, key]));
    const { values } = await cache.getMany(keys);
    expect(keys.filter((key) => values.get(key) !== key)).toEqual([]);
    await cache.close();
    const counts = ports.map(async (port) => {
      const connection = await RawConnection.connect({ host: '127.0.0.1', port });
      const stats = (await connection.exchange('stats\r\n')).toString();
      connection.destroy();
      return Number(/STAT curr_items (\d+)/.exec(stats)?.[1]);
    });
    for (const count of await Promise.all(counts)) expect(count).toBeGreaterThan(30);
  });

  test('a client in the network finds the nodes by the name that AWS’s clients want', async () => {
    const main = ['node', 'dist/cli/main.js'];
    const nodes = ['--discovery', 'elasticache:demo.cfg.local:11211'];
    await project.exec('node-1', ...main, 'set', 'greeting', 'hello', ...nodes);
    expect(await project.exec('node-2', ...main, 'get', 'greeting', ...nodes)).toBe('hello');
  });

  test('a node has no rights that it does not need', () => expectFewRights(project));

  test('a full node stays within the memory of its container', async () => {
    const connection = await RawConnection.connect({ host: '127.0.0.1', port: ports[0]! });
    await expectMemoryFits(project, connection, 64);
  });

  test('the nodes drain before Docker would kill them', async () => {
    const idle = await RawConnection.connect({ host: '127.0.0.1', port: ports[0]! });
    await expectDrained(project);
    idle.destroy();
  });
});
