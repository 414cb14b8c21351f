import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '../../../base/index.ts';
import type { ClusterKeys } from './cluster-keys.ts';
import type { EtcdClient } from './etcd-client.ts';
import { EtcdError } from './etcd-error.ts';

const SECRET_BYTES = 32;
/** A node that starts waits so long for etcd. */
const OPEN_MS_MAX = 30_000;
const RETRY_MS = 500;

/**
 * The secret of the cluster: its members prove to each other that they know it. The first node
 * writes it to etcd. A node waits for an etcd that cannot be reached yet.
 * @throws {EtcdError} if etcd refuses, or replies too late.
 */
export async function clusterSecret(
  client: EtcdClient,
  keys: ClusterKeys,
  log: Logger,
): Promise<Buffer> {
  const deadline = performance.now() + OPEN_MS_MAX;
  for (let attempt = 0; ; attempt++) {
    try {
      return await readSecret(client, keys);
    } catch (error) {
      const isDown = error instanceof EtcdError && error.code === 'ERR_ETCD_DOWN';
      if (!isDown || performance.now() > deadline) throw error;
      if (attempt === 0) log.warn({ code: error.code }, `${error.message} The node waits for it.`);
    }
    await pause(RETRY_MS);
  }
}

async function readSecret(client: EtcdClient, keys: ClusterKeys): Promise<Buffer> {
  const existing = await client.get(keys.secret);
  if (existing !== undefined) return Buffer.from(existing.value, 'hex');
  const nobody = { key: keys.secret, target: 'created', revision: 0 } as const;
  const value = randomBytes(SECRET_BYTES).toString('hex');
  await client.transact([nobody], [{ put: keys.secret, value }]);
  const written = await client.get(keys.secret);
  if (written !== undefined) return Buffer.from(written.value, 'hex');
  throw new EtcdError('ERR_ETCD', `etcd does not keep the key ${keys.secret}.`);
}
