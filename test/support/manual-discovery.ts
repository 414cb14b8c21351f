import type { DiscoveryListener } from '../../src/client/base/discovery.ts';
import { CacheError, type Discovery, type NodeSpec } from '../../src/client/index.ts';
import { type KnownNode, readNodes } from '../../src/topology/index.ts';

/** A discovery whose topology a test sets. */
export class ManualDiscovery implements Discovery {
  refreshCount = 0;
  isClosed = false;
  #listener: DiscoveryListener | undefined;
  #version = 0;

  start(listener: DiscoveryListener): void {
    this.#listener = listener;
  }

  /** Publishes a topology of these nodes; `ips` gives the address of the machine behind a name. */
  publish(nodes: readonly NodeSpec[], ips: Readonly<Record<string, string>> = {}): void {
    const known = readNodes(nodes).map((node): KnownNode => {
      const ip = ips[node.name];
      return ip === undefined ? node : { ...node, ip };
    });
    this.#listener?.topology({ version: ++this.#version, nodes: known });
  }

  fail(): void {
    this.#listener?.error(new CacheError('ERR_DISCOVERY'));
  }

  refresh(): void {
    this.refreshCount++;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
