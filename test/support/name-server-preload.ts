/**
 * For `node --import`: node:dns resolves names at the server SLABRING_NAME_SERVER, as if by
 * resolv.conf.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const server = process.env['SLABRING_NAME_SERVER'];

if (server !== undefined) {
  dns.setServers([server]);
  syncBuiltinESMExports();
}
