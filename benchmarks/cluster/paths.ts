import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClusterTopology, encodeTopology, type Member } from '../../src/topology/index.ts';
import type { FixedMemberOptions } from '../../test/support/fixed-member.ts';
import { startSlabring } from '../../test/support/node-process.ts';
import { freePort, isFree } from '../../test/support/ports.ts';
import { OwnedProcess } from '../../test/support/server.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { pinnedTo, SERVER_CORE } from '../macro/cores.ts';

/** The processes between a client and an item. */
export interface Path {
  readonly name: string;
  /** Where the client connects. */
  readonly port: number;
  /** The process that the client asks first, and the one that has the items, if it is another. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const MEMORY_MEGABYTES = 256;
const MIB = 1024 * 1024;
const SECRET_BYTES = 32;
const MEMBER = fileURLToPath(
  new URL('../../test/support/fixed-member-process.ts', import.meta.url),
);
const PINNED = pinnedTo(SERVER_CORE);

const startNode = () =>
  startSlabring({ args: ['-t', '1', '-m', String(MEMORY_MEGABYTES)], commandPrefix: PINNED });

export async function startAlone(): Promise<Path> {
  const { port, pid, stop } = await startNode();
  return { name: 'a node alone', port, pids: [pid], stop: async () => void (await stop()) };
}

/** A member of weight 0, which has no items, in front of one that has all. */
export async function startForwarding(): Promise<Path> {
  const members = [await memberOf('proxy', 0), await memberOf('node', 1)];
  const fields = { cluster: 'bench', version: 1, replicas: 1, replication: 'sync' } as const;
  const topology: ClusterTopology = { ...fields, members };
  const secret = randomBytes(SECRET_BYTES).toString('hex');
  const processes = await Promise.all(
    members.map((member) => {
      const memoryLimitBytes = MEMORY_MEGABYTES * MIB;
      return startMember({ member, secret, threads: 1, memoryLimitBytes }, topology);
    }),
  );
  const pids = processes.map(({ pid }) => pid);
  const stop = async (): Promise<void> => {
    for (const process of processes) await process.stop();
  };
  return { name: 'a node that forwards', port: portIn(members[0]!.address), pids, stop };
}

const portIn = (address: string): number => Number(address.split(':').at(-1));

async function memberOf(name: string, weight: number): Promise<Member> {
  const [address, peerAddress] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  return { name, address, peerAddress, weight, zone: '', incarnation: 1, state: 'serving' };
}

async function startMember(
  options: FixedMemberOptions,
  topology: ClusterTopology,
): Promise<OwnedProcess> {
  const args = [MEMBER, JSON.stringify(options), encodeTopology(topology)];
  const owned = new OwnedProcess([...PINNED, process.execPath, ...args], { ipc: true });
  await owned.failOnExit(once(owned.child, 'message'));
  return owned;
}

/** nutcracker, as twemproxy is called in Debian, in front of one node. */
export async function startNutcracker(): Promise<Path> {
  const node = await startNode();
  const folder = await mkdtemp(join(tmpdir(), 'nutcracker-'));
  const [port, statsPort] = [await freePort(), await freePort()];
  const file = join(folder, 'nutcracker.yml');
  await writeFile(file, nutcrackerConfig(port, node.port));
  const owned = new OwnedProcess([...PINNED, 'nutcracker', '-c', file, '-s', String(statsPort)]);
  await owned.failOnExit(waitUntil('nutcracker listens', async () => !(await isFree(port))));
  const stop = async (): Promise<void> => {
    await Promise.all([owned.stop(), node.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  return { name: 'nutcracker', port, pids: [owned.pid, node.pid], stop };
}

/** Its YAML has one value on each line. */
const nutcrackerConfig = (port: number, nodePort: number): string => `bench:
  listen: 127.0.0.1:${port}
  hash: fnv1a_64
  distribution: ketama
  timeout: 5000
  servers:
   - 127.0.0.1:${nodePort}:1
`;
