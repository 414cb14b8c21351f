/** `node --import` this: names are looked up at the server that SLABRING_NAME_SERVER names, as resolv.conf would say. */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

const server = process.env['SLABRING_NAME_SERVER'];

if (server !== undefined) {
  dns.setServers([server]);
  syncBuiltinESMExports();
}
