import { startSlabring } from './node-process.ts';
import { consecutivePorts } from './ports.ts';
import { MAIN } from './program.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

/** A running `slabring cluster`. */
export interface TestCluster {
  /** `host:port` of each node. */
  readonly addresses: readonly string[];
  stop(): Promise<unknown>;
}

const NODES = 3;
/** On a busy machine three processes start slowly. */
const START_MS_MAX = 90_000;

/**
 * Starts three nodes that name each other to clients, and do not send requests on: each has what
 * clients store in it.
 */
export async function startIndependentNodes(): Promise<TestCluster> {
  const first = await consecutivePorts(NODES);
  const ports = Array.from({ length: NODES }, (_, nth) => first + nth);
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const shared = ['-t', '1', '-m', '16', `--cluster-nodes=${addresses.join(',')}`];
  const nodes = await Promise.all(ports.map((port) => startSlabring({ port, args: shared })));
  return { addresses, stop: () => Promise.all(nodes.map((node) => node.stop())) };
}

/**
 * Starts a cluster of three nodes; resolves once all of them are up.
 * @param port the port of the first node; by default the test has three free ones.
 */
export async function startCluster(
  port?: number,
  ...more: readonly string[]
): Promise<TestCluster> {
  const first = port ?? (await consecutivePorts(NODES));
  const args = ['cluster', `--nodes=${NODES}`, `--port=${first}`, '-t', '1', '-m', '16', ...more];
  const owned = new OwnedProcess([process.execPath, MAIN, ...args]);
  try {
    const isUp = () => owned.stdout.includes('nodes are up');
    await owned.failOnExit(waitUntil('all nodes of the cluster are up', isUp, START_MS_MAX));
  } catch (error) {
    await owned.stop();
    throw error;
  }
  const addresses = Array.from({ length: NODES }, (_, i) => `127.0.0.1:${first + i}`);
  return { addresses, stop: () => owned.stop() };
}
