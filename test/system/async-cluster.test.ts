/** Real nodes with `--replication async`: what a node that dies takes with it, and what not. */
import { expect, test } from 'vitest';
import { consecutivePorts } from '../support/ports.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

const KEYS = 600;
/** The changes that may be on their way when the node dies. */
const LAST = 200;
const { pathTo, cleanups } = folderForEachTest();

async function start() {
  const port = await consecutivePorts(3);
  const options = ['--port', `${port}`, '--nodes', '3', '-m', '16', '--replicas', '2'];
  const cluster = await SupervisedCluster.start(
    pathTo('tmp'),
    ...[...options, '--replication', 'async'],
  );
  cleanups.push(() => cluster.owned.stop());
  return { cluster, ports: cluster.rows.map((row) => row.port) };
}

async function ask(port: number, request: string): Promise<string> {
  const connection = await RawConnection.connect({ host: '127.0.0.1', port });
  try {
    return (await connection.exchange(request)).toString('latin1');
  } finally {
    connection.destroy();
  }
}

const keys = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
const setAll = (value: string): string =>
  keys.map((key) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`).join('');

/** The values of all keys; '' for a miss. */
async function valuesAt(port: number): Promise<readonly string[]> {
  const reply = await ask(port, `get ${keys.join(' ')}\r\n`);
  const found = new Map(
    [...reply.matchAll(/VALUE (\S+) 0 \d+\r\n(.*)\r\n/g)].map(([, key = '', value = '']) => [
      key,
      value,
    ]),
  );
  return keys.map((key) => found.get(key) ?? '');
}

/** Waits until the nodes have sent so many changes, and all of them have replies. */
async function settled(ports: readonly number[], changes: number): Promise<void> {
  const isSettled = async (): Promise<boolean> => {
    const stats = await Promise.all(ports.map((port) => ask(port, 'stats cluster\r\n')));
    const sum = (row: RegExp): number =>
      [...stats.join('').matchAll(row)].reduce((total, [, number]) => total + Number(number), 0);
    const waiting = sum(/^STAT peer:\S+:unanswered_requests (\d+)/gm);
    return sum(/^STAT changes_sent (\d+)/gm) >= changes && waiting === 0;
  };
  await waitUntil(`${changes} changes have reached their copies`, isSettled, 60_000);
}

test('a node that dies takes at most its last changes with it, and revives none', async () => {
  const { cluster, ports } = await start();
  const [first = 0] = ports;
  expect((await ask(first, setAll('old'))).match(/STORED/g)).toHaveLength(KEYS);
  expect((await ask(first, setAll('new'))).match(/STORED/g)).toHaveLength(KEYS);
  const gone = keys.filter((_, nth) => nth % 3 === 0);
  const deletes = gone.map((key) => `delete ${key}\r\n`).join('');
  expect((await ask(first, deletes)).match(/DELETED/g)).toHaveLength(gone.length);
  await settled(ports, 2 * KEYS + gone.length);
  const kept = keys.map((_, nth) => (nth % 3 === 0 ? '' : 'new'));
  expect(await valuesAt(first)).toEqual(kept);

  // Each of these is acknowledged, and may not have left the primary when that dies.
  const last = keys.slice(0, LAST);
  const replies = ask(first, last.map((key) => `set ${key} 0 0 4\r\nlast\r\n`).join(''));
  expect((await replies).match(/STORED/g)).toHaveLength(LAST);
  const { pid } = cluster.rows[1]!;
  process.kill(pid, 'SIGKILL');
  const isWhole = async (): Promise<boolean> => {
    const { out } = await cluster.run('nodes', 'list', '--json');
    const { members } = JSON.parse(out) as { members: { state: string; pid: number }[] };
    return members.every((member) => member.state === 'serving' && member.pid !== pid);
  };
  await waitUntil('the node has restarted and has all its items', isWhole, 120_000);
  for (const port of ports) {
    const values = await valuesAt(port);
    values.forEach((value, nth) => {
      const possible = nth < LAST ? [kept[nth], 'last'] : [kept[nth]];
      expect(possible, keys[nth]).toContain(value);
    });
    expect(values).toEqual(await valuesAt(first));
  }
}, 240_000);
