/**
 * What a node costs that nobody asks anything: `node benchmarks/micro/idle-node.ts [--seconds N] [--items N]`
 * prints the part of a core that an idle node's process takes, empty and with items.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import yargs from 'yargs';
import { startSlabring } from '../../test/support/node-process.ts';
import { RawConnection } from '../../test/support/wire.ts';

/** The kernel's USER_HZ. */
const TICKS_PER_SECOND = 100;
const SETTLE_MS = 3000;
const PER_BATCH = 10_000;

const { seconds, items } = yargs(process.argv.slice(2))
  .option('seconds', { type: 'number', default: 20, describe: 'how long to look' })
  .option('items', { type: 'number', default: 200_000, describe: 'how many items it holds then' })
  .strict()
  .parseSync();

/** Seconds of CPU that a process has had, user and system, all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function share(pid: number): Promise<string> {
  await pause(SETTLE_MS);
  const before = cpuSeconds(pid);
  await pause(seconds * 1000);
  return `${((100 * (cpuSeconds(pid) - before)) / seconds).toFixed(2)} % of a core`;
}

const server = await startSlabring({ args: ['-m', '64', '-t', '4'] });
try {
  console.log(`empty: ${await share(server.pid)}`);
  const connection = await RawConnection.connect(server.address);
  for (let done = 0; done < items; done += PER_BATCH) {
    const sets = Array.from(
      { length: PER_BATCH },
      (_, i) => `set key-${done + i} 0 3600 3 noreply\r\nabc\r\n`,
    );
    await connection.exchange(sets.join(''));
  }
  console.log(`with ${items} items that expire in an hour: ${await share(server.pid)}`);
  connection.destroy();
} finally {
  await server.stop();
}
