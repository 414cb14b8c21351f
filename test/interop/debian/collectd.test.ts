/** The plugin memcached of a real collectd, which reads a node and a memcached. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { OwnedProcess } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection } from '../../support/wire.ts';
import { describeBothServers, type ServerAddress } from '../both-servers.ts';
import { COLLECTD, clientMissing } from './clients.ts';

/** What collectd 5.12 reads from memcached, by its names. */
const VALUES = [
  'connections-opened',
  'df-cache',
  'memcached_command-flush',
  'memcached_command-get',
  'memcached_command-meta',
  'memcached_command-set',
  'memcached_command-touch',
  'memcached_connections-current',
  'memcached_items-current',
  'memcached_octets',
  'memcached_ops-decr_hits',
  'memcached_ops-decr_misses',
  'memcached_ops-delete_hits',
  'memcached_ops-delete_misses',
  'memcached_ops-evictions',
  'memcached_ops-hits',
  'memcached_ops-incr_hits',
  'memcached_ops-incr_misses',
  'memcached_ops-misses',
  'percent-hitratio',
  'ps_count',
  'ps_cputime',
  'uptime',
];

const settings = (folder: string, address: string): string => {
  const [host, port] = address.split(':');
  return `
BaseDir "${folder}"
PIDFile "${folder}/pid"
Interval 1
LoadPlugin memcached
LoadPlugin csv
<Plugin memcached>
  <Instance "node">
    Address "${host}"
    Port "${port}"
  </Instance>
</Plugin>
<Plugin csv>
  DataDir "stdout"
</Plugin>
`;
};

async function use(address: ServerAddress): Promise<void> {
  const [host, port] = address().split(':');
  const connection = await RawConnection.connect({ host, port: Number(port) });
  await connection.exchange('set a 0 0 1\r\nx\r\nget a\r\nget a\r\nget none\r\n');
  connection.destroy();
}

describeBothServers(
  'collectd',
  (address) => {
    test('collectd reads its values from the server', async () => {
      const { path, remove } = await temporaryFolder();
      const file = join(path, 'collectd.conf');
      await writeFile(file, settings(path, address()));
      await use(address);
      const collectd = new OwnedProcess([COLLECTD.probe[0]!, '-f', '-C', file]);
      const valuesOf = (text: string) =>
        new Map([...text.matchAll(/memcached-node\/(\S+) .*?:(\S+)$/gm)].map(([, n, v]) => [n, v]));
      try {
        const all = () => VALUES.every((name) => collectd.stdout.includes(`/${name} `));
        await collectd.failOnExit(waitUntil('every value', all)).catch(() => {});
        const values = valuesOf(collectd.stdout);
        expect([...values.keys()]).toEqual(expect.arrayContaining(VALUES));
        expect(values.get('memcached_command-get')).toBe('3');
        expect(values.get('memcached_ops-hits')).toBe('2');
        expect(Number(values.get('memcached_items-current'))).toBe(1);
      } finally {
        await collectd.stop();
        await remove();
      }
    });
  },
  undefined,
  clientMissing(COLLECTD),
);
