/** Large values of many clients at once, through a node that forwards them, in bounded memory. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type ClusterTopology, encodeTopology, type Member } from '../../src/topology/index.ts';
import { type FixedMemberOptions, portIn } from '../support/fixed-member.ts';
import { freePort } from '../support/ports.ts';
import { OwnedProcess } from '../support/server.ts';
import { exchangeOnce } from '../support/wire.ts';

const MEMBER = new URL('../support/fixed-member-process.ts', import.meta.url).pathname;
const MIB = 1024 * 1024;
const VALUE_BYTES = 31 * MIB;
const CLIENTS = 8;
/** Values that arrive have this much together, as far as they fit; one value at least. */
const CONN_MEMORY_BYTES = 64 * MIB;
/** Two copies of the values on their way, and what the memory manager keeps of former ones. */
const FORWARDED_BYTES_MAX = 6 * VALUE_BYTES;

const processes: OwnedProcess[] = [];
afterEach(async () => {
  for (const process of processes.splice(0)) await process.stop();
});

test('eight values of 31 MiB pass a node at once in the memory of a few of them', async () => {
  const members = [await memberOf('asked', 0), await memberOf('primary', 1)];
  const fields = { cluster: 'web', version: 1, replicas: 1, replication: 'sync' } as const;
  const secret = randomBytes(32).toString('hex');
  const sizes = { maxItemSizeBytes: 64 * MIB, connMemoryBytes: CONN_MEMORY_BYTES };
  const options = { secret, threads: 1, memoryLimitBytes: 1024 * MIB, ...sizes };
  for (const member of members) await start({ member, ...options }, { ...fields, members });
  const address = { host: '127.0.0.1', port: portIn(members[0]!.address) };
  const { pid } = processes[0]!;
  const before = peakBytes(pid);
  const value = 'v'.repeat(VALUE_BYTES);
  const sets = Array.from({ length: CLIENTS }, (_, nth) =>
    exchangeOnce(address, `set large-${nth} 0 0 ${VALUE_BYTES}\r\n${value}\r\n`),
  );
  expect(await Promise.all(sets)).toEqual(sets.map(() => 'STORED\r\n'));
  expect(peakBytes(pid) - before).toBeLessThan(CONN_MEMORY_BYTES + FORWARDED_BYTES_MAX);
  const asked = Array.from({ length: CLIENTS }, (_, nth) => `mg large-${nth} s\r\n`).join('');
  expect(await exchangeOnce(address, asked)).toBe(`HD s${VALUE_BYTES}\r\n`.repeat(CLIENTS));
});

async function memberOf(name: string, weight: number): Promise<Member> {
  const [address, peerAddress] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  return { name, address, peerAddress, weight, zone: '', incarnation: 1, state: 'serving' };
}

async function start(options: FixedMemberOptions, topology: ClusterTopology): Promise<void> {
  const args = [MEMBER, JSON.stringify(options), encodeTopology(topology)];
  const owned = new OwnedProcess([process.execPath, ...args], { ipc: true });
  processes.push(owned);
  await owned.failOnExit(once(owned.child, 'message'));
}

/** The most memory that the process has had. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
