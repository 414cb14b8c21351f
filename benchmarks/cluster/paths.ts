import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ClusterTopology,
  encodeTopology,
  KeyGroups,
  type Member,
} from '../../src/topology/index.ts';
import type { FixedMemberOptions } from '../../test/support/fixed-member.ts';
import { startSlabring, startVerb } from '../../test/support/node-process.ts';
import { freePort, isFree } from '../../test/support/ports.ts';
import { OwnedProcess } from '../../test/support/server.ts';
import { waitUntil } from '../../test/support/wait.ts';
import { pinnedTo, SERVER_CORE } from '../macro/cores.ts';

/** The processes between a client and an item. */
export interface Path {
  readonly name: string;
  /** Where the client connects. */
  readonly port: number;
  /** The process that the client asks first, and the others that a request may pass. */
  readonly pids: readonly number[];
  /** The numbers of the keys that take this path; undefined: all do. */
  readonly keyNumbers?: readonly number[];
  stop(): Promise<void>;
}

export const ALONE = 'a node alone';
const KEYS = 100_000;
const KEY_DIGITS = 10;
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
  return { name: ALONE, port, pids: [pid], stop: async () => void (await stop()) };
}

/** A member of weight 0, which has no items, in front of one that has all. */
export function startForwarding(): Promise<Path> {
  return startCluster('a proxy and a node', [0, 1], {});
}

/** A member that has all keys. */
export function startOfOne(): Promise<Path> {
  return startCluster('a cluster of one', [1], {});
}

/** Three members; the one that the client asks is the primary of its keys, or of none of them. */
export async function startOfThree(asked: 'primary' | 'other'): Promise<Path> {
  const name = asked === 'primary' ? 'three nodes, the primary' : 'three nodes, another one';
  return startCluster(name, [1, 1, 1], {
    has: (primary) => (primary === 0) === (asked === 'primary'),
  });
}

/** Two members that hold each key; the one that the client asks is the primary. */
export function startPair(replication: 'sync' | 'async'): Promise<Path> {
  const has = (primary: number): boolean => primary === 0;
  return startCluster(`two copies, ${replication}`, [1, 1], { replicas: 2, replication, has });
}

interface ClusterOptions {
  readonly replicas?: number;
  readonly replication?: 'sync' | 'async';
  /** Whether the client asks for the keys with this primary. */
  has?(primary: number): boolean;
}

async function startCluster(
  name: string,
  weights: readonly number[],
  { replicas = 1, replication = 'sync', has }: ClusterOptions,
): Promise<Path> {
  const members: Member[] = [];
  for (const weight of weights) members.push(await memberOf(`node-${members.length}`, weight));
  const fields = { cluster: 'bench', version: 1, replicas, replication } as const;
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
  const port = portIn(members[0]!.address);
  const path = { name, port, pids, stop };
  return has === undefined ? path : { ...path, keyNumbers: keysOf(topology, has) };
}

/** The first keys of mcload with such a primary. */
function keysOf(topology: ClusterTopology, has: (primary: number) => boolean): readonly number[] {
  const groups = new KeyGroups(topology);
  const numbers: number[] = [];
  for (let number = 0; numbers.length < KEYS; number++) {
    const key = Buffer.from(`key:${String(number).padStart(KEY_DIGITS, '0')}`);
    if (has(groups.groupOf(key, 0, key.length).primary)) numbers.push(number);
  }
  return numbers;
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

/** A proxy in front of one node that is in no cluster. */
export async function startPlainProxy(): Promise<Path> {
  const node = await startNode();
  const port = await freePort();
  const listen = ['-l', '127.0.0.1', '-p', `${port}`, '-t', '1'];
  const args = ['proxy', ...listen, '--nodes', `127.0.0.1:${node.port}`];
  const owned = startVerb(args, { commandPrefix: PINNED });
  await owned.failOnExit(waitUntil('the proxy listens', async () => !(await isFree(port))));
  const stop = async (): Promise<void> => void (await Promise.all([owned.stop(), node.stop()]));
  return { name: 'slabring proxy --nodes', port, pids: [owned.pid, node.pid], stop };
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
