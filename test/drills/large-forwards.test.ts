/** Large values of many clients at once, through a node that forwards them, in bounded memory. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type ClusterTopology, encodeTopology, type Member } from '../../src/topology/index.ts';
import { type FixedMemberOptions, portIn } from '../support/fixed-member.ts';
import { freeze } from '../support/freeze.ts';
import { freePort } from '../support/ports.ts';
import { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const MEMBER = new URL('../support/fixed-member-process.ts', import.meta.url).pathname;
const MIB = 1024 * 1024;
const VALUE_BYTES = 31 * MIB;
const CLIENTS = 8;
/** Together they send more than a thread may have on the way to a node. */
const SENDERS = 16;
const MANY = 30;
const MANY_BYTES = 100_000;
const LOOKS = 5;
/** Values that arrive have this much together, as far as they fit; one value at least. */
const CONN_MEMORY_BYTES = 64 * MIB;
/** Two copies of the values on their way, and what the memory manager keeps of former ones. */
const FORWARDED_BYTES_MAX = 6 * VALUE_BYTES;

const processes: OwnedProcess[] = [];
afterEach(async () => {
  for (const process of processes.splice(0)) await process.stop();
});

test('eight values of 31 MiB pass a node at once in the memory of a few of them', async () => {
  const [asked, primary] = await startTwo({ connMemoryBytes: CONN_MEMORY_BYTES });
  const before = peakBytes(asked.pid);
  const value = 'v'.repeat(VALUE_BYTES);
  const sets = Array.from({ length: CLIENTS }, (_, nth) =>
    exchangeOnce(asked, `set large-${nth} 0 0 ${VALUE_BYTES}\r\n${value}\r\n`),
  );
  expect(await Promise.all(sets)).toEqual(sets.map(() => 'STORED\r\n'));
  expect(peakBytes(asked.pid) - before).toBeLessThan(CONN_MEMORY_BYTES + FORWARDED_BYTES_MAX);
  const sizes = Array.from({ length: CLIENTS }, (_, nth) => `mg large-${nth} s\r\n`).join('');
  expect(await exchangeOnce(primary, sizes)).toBe(`HD s${VALUE_BYTES}\r\n`.repeat(CLIENTS));
});

test('clients that send much to a slow node do not fail the requests of others', async () => {
  const [asked, primary] = await startTwo({});
  await freeze(primary.pid);
  const value = 'v'.repeat(MANY_BYTES);
  const sets = `set many 0 0 ${MANY_BYTES}\r\n${value}\r\n`.repeat(MANY);
  const many = Array.from({ length: SENDERS }, () => exchangeOnce(asked, sets));
  await waitUntil('the node reads no more for now', readsNoMore(asked));
  const others = Array.from({ length: CLIENTS }, (_, nth) =>
    exchangeOnce(asked, `set small-${nth} 0 0 1\r\nx\r\n`),
  );
  process.kill(primary.pid, 'SIGCONT');
  expect(await Promise.all(others)).toEqual(others.map(() => 'STORED\r\n'));
  for (const replies of await Promise.all(many)) expect(replies).toBe('STORED\r\n'.repeat(MANY));
});

interface Started {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

/** Whether the node has read as much as it takes: the same as in the last looks. */
function readsNoMore(at: Started): () => Promise<boolean> {
  const looks: number[] = [];
  return async () => {
    looks.push(Number(/bytes_read (\d+)/.exec(await exchangeOnce(at, 'stats\r\n'))![1]));
    const last = looks.slice(-LOOKS);
    return (
      last.length === LOOKS && last.every((bytes) => bytes > 10 * MIB && bytes < last[0]! + MIB)
    );
  };
}

/** A node without keys, and the primary of all. */
async function startTwo(
  more: Partial<FixedMemberOptions>,
): Promise<readonly [asked: Started, primary: Started]> {
  const members = [await memberOf('asked', 0), await memberOf('primary', 1)] as const;
  const fields = { cluster: 'web', version: 1, replicas: 1, replication: 'sync' } as const;
  const secret = randomBytes(32).toString('hex');
  const memoryLimitBytes = 1024 * MIB;
  const options = { secret, threads: 1, memoryLimitBytes, maxItemSizeBytes: 64 * MIB, ...more };
  const [asked, primary] = members.map(async (member) => ({
    host: '127.0.0.1',
    port: portIn(member.address),
    pid: await start({ member, ...options }, { ...fields, members }),
  }));
  return [await asked!, await primary!];
}

async function memberOf(name: string, weight: number): Promise<Member> {
  const [address, peerAddress] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  return { name, address, peerAddress, weight, zone: '', incarnation: 1, state: 'serving' };
}

async function start(options: FixedMemberOptions, topology: ClusterTopology): Promise<number> {
  const args = [MEMBER, JSON.stringify(options), encodeTopology(topology)];
  const owned = new OwnedProcess([process.execPath, ...args], { ipc: true });
  processes.push(owned);
  await owned.failOnExit(once(owned.child, 'message'));
  return owned.pid;
}

/** The most memory that the process has had. */
function peakBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
