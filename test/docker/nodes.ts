/** What holds for the containers of both compose files. */
import { expect } from 'vitest';
import type { RawConnection } from '../support/wire.ts';
import type { ComposeProject } from './engine.ts';

export const NODES = ['node-1', 'node-2', 'node-3'];
const VALUE = 'x'.repeat(10_000);
const MIB = 1024 * 1024;

/** The process is not root, has no capabilities, and cannot write files of the image. */
export async function expectFewRights(project: ComposeProject): Promise<void> {
  for (const node of NODES) {
    const { Config, HostConfig } = await project.inspect(node);
    expect([Config.User, HostConfig.ReadonlyRootfs, HostConfig.CapDrop]).toEqual([
      'node',
      true,
      ['ALL'],
    ]);
    const status = await project.exec(node, 'cat', '/proc/1/status');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    expect([field('Uid'), field('CapEff'), field('NoNewPrivs')]).toEqual([
      '1000',
      '0000000000000000',
      '1',
    ]);
    await expect(project.exec(node, 'touch', '/app/file')).rejects.toThrow(/Read-only file system/);
  }
}

/** Fills the memory for items (MB) and half as much again; then checks that the node still runs. */
export async function expectMemoryFits(
  project: ComposeProject,
  connection: RawConnection,
  memoryMb: number,
): Promise<void> {
  const values = Math.ceil((memoryMb * 1.5 * MIB) / VALUE.length);
  for (let nth = 0; nth < values; nth++) {
    connection.send(`set fill-${nth} 0 0 ${VALUE.length} noreply\r\n${VALUE}\r\n`);
    if (nth % 100 === 0) await connection.exchange('mn\r\n');
  }
  const stats = (await connection.exchange('stats\r\n')).toString();
  const stat = (name: string) => Number(new RegExp(`STAT ${name} (\\d+)`).exec(stats)?.[1]);
  connection.destroy();
  expect(stat('evictions')).toBeGreaterThan(0);
  const { State, HostConfig, RestartCount } = await project.inspect('node-1');
  expect(State).toMatchObject({ Status: 'running', OOMKilled: false });
  expect(RestartCount).toBe(0);
  const [rss, limit] = [stat('rss_bytes') / MIB, HostConfig.Memory / MIB];
  console.info(`A full node takes ${rss.toFixed(0)} MiB of the ${limit} MiB of its container.`);
  expect(rss).toBeLessThan(limit);
}

/** Stops the containers; each node ends by itself, in the time that the file grants. */
export async function expectDrained(project: ComposeProject): Promise<void> {
  await project.compose('stop');
  for (const node of NODES) {
    expect([node, (await project.inspect(node)).State.ExitCode]).toEqual([node, 0]);
  }
}
