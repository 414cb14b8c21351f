/** A serverless cache grows under load, from one node to others, and loses no item. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { textsIn } from '../support/control-api.ts';
import { ManagerProcess, portsIn, WAIT_MS } from '../support/manager-process.ts';
import { freePort } from '../support/ports.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const VALUE = 'x'.repeat(100_000);
const ROUND = 300;
/** 600 MB: more than a node that began with 256 MiB grows to without a restart. */
const ROUNDS = 20;
const LOOK_MS = 500;
const RUN_MS_MAX = 900_000;
const { pathTo, cleanups } = folderForEachTest();

test(
  'a cache of 256 MiB takes 600 MB, and loses none of it',
  async () => {
    const manager = new ManagerProcess(pathTo('data'), await freePort());
    cleanups.push(() => manager.stop());
    await manager.start();
    const describeCache = () => manager.ask('Action=DescribeServerlessCaches');
    await manager.ask('Action=CreateServerlessCache&ServerlessCacheName=web&Engine=memcached');
    const shown = await waitUntil(
      'the cache is available',
      async () => {
        await pause(LOOK_MS);
        const body = await describeCache();
        return textsIn(body, 'Status')[0] === 'available' && body;
      },
      WAIT_MS,
    );
    const at = { host: '127.0.0.1', port: portsIn(shown)[0]! };
    const events = async () => textsIn(await manager.ask('Action=DescribeEvents'), 'Message');
    for (let round = 0; round < ROUNDS; round++) {
      const keys = Array.from({ length: ROUND }, (_, nth) => `key-${round}-${nth}`);
      const sets = keys.map((key) => `set ${key} 0 0 ${VALUE.length}\r\n${VALUE}\r\n`);
      expect(await exchangeOnce(at, sets.join(''))).toBe('STORED\r\n'.repeat(ROUND));
      // An import that is faster than the looks at the cache may evict.
      const usage = textsIn(await describeCache(), 'Until')[0];
      await waitUntil(
        'the cache was looked at twice',
        async () => {
          await pause(LOOK_MS);
          const [until] = textsIn(await describeCache(), 'Until');
          return Date.parse(until!) > Date.parse(usage!) + 6000;
        },
        WAIT_MS,
      );
    }
    expect((await events()).filter((text) => text.startsWith('Scaling')).length).toBeGreaterThan(2);
    let hits = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const gets = Array.from({ length: ROUND }, (_, nth) => `mg key-${round}-${nth}\r\n`);
      const replies = await exchangeOnce(at, gets.join(''));
      hits += replies.split('HD').length - 1;
    }
    expect(hits).toBe(ROUNDS * ROUND);
    expect(await manager.stop()).toBe(0);
  },
  RUN_MS_MAX,
);
