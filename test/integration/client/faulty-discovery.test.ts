import { expect, test } from 'vitest';
import { createClient } from '../../../src/client.ts';
import { ManualDiscovery } from '../../support/manual-discovery.ts';
import { freePort } from '../../support/ports.ts';

/** A discovery of an application, whose methods break their contract. */
class FaultyDiscovery extends ManualDiscovery {
  override refresh(): void {
    super.refresh();
    throw new Error('no refresh');
  }
  override close(): Promise<void> {
    throw new Error('no close');
  }
}

test('a discovery that throws affects no operation, and the client closes its nodes', async () => {
  const discovery = new FaultyDiscovery();
  const cache = createClient({ nodes: discovery, deadlineMs: 20_000 });
  discovery.publish([`127.0.0.1:${await freePort()}`]);
  for (let i = 0; i < 3; i++) {
    await expect(cache.get('k')).rejects.toMatchObject({ code: 'ERR_NODE_DOWN' });
  }
  expect(discovery.refreshCount).toBeGreaterThan(0);
  await expect(cache.close()).rejects.toThrow('no close');
  await expect(cache.get('k')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});
