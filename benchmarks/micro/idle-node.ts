/**
 * Measures the CPU cost of an idle node. `node benchmarks/micro/idle-node.ts [--seconds N] [--items
 * N]` prints the share of a core that the process of an idle node takes, empty and with items.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import yargs from 'yargs';
import { startSlabring } from '../../test/support/node-process.ts';
import { RawConnection } from '../../test/support/wire.ts';

/** The kernel's USER_HZ. */
const TICKS_PER_SECOND = 100;
const SETTLE_MS = 3000;
const SETS_PER_BATCH = 10_000;

const { seconds, items } = yargs(process.argv.slice(2))
  .option('seconds', { type: 'number', default: 20, describe: 'how long to measure each time' })
  .option('items', {
    type: 'number',
    default: 200_000,
    describe: 'how many items to store for the second measurement',
  })
  .strict()
  .parseSync();

/** The CPU time of a process in seconds: user and system time of all threads. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function coreShare(pid: number): Promise<string> {
  await pause(SETTLE_MS);
  const before = cpuSeconds(pid);
  await pause(seconds * 1000);
  return `${((100 * (cpuSeconds(pid) - before)) / seconds).toFixed(2)} % of a core`;
}

const server = await startSlabring({ args: ['-m', '64', '-t', '4'] });
try {
  console.log(`empty: ${await coreShare(server.pid)}`);
  const connection = await RawConnection.connect(server.address);
  for (let done = 0; done < items; done += SETS_PER_BATCH) {
    const sets = Array.from(
      { length: SETS_PER_BATCH },
      (_, i) => `set key-${done + i} 0 3600 3 noreply\r\nabc\r\n`,
    );
    await connection.exchange(sets.join(''));
  }
  console.log(`with ${items} items that expire in an hour: ${await coreShare(server.pid)}`);
  connection.destroy();
} finally {
  await server.stop();
}
