import type { Discovery, DiscoveryListener, KnownNode } from '../../src/client/index.ts';
import { CacheError, type NodeSpec, readNodes } from '../../src/client/index.ts';

/** A discovery that finds what a test tells it. */
export class HandDiscovery implements Discovery {
  refreshes = 0;
  isClosed = false;
  #listener: DiscoveryListener | undefined;
  #version = 0;

  start(listener: DiscoveryListener): void {
    this.#listener = listener;
  }

  /** There are these nodes now; `ips` says which machine a name stands for. */
  tell(nodes: readonly NodeSpec[], ips: Readonly<Record<string, string>> = {}): void {
    const known = readNodes(nodes).map((node): KnownNode => {
      const ip = ips[node.name];
      return ip === undefined ? node : { ...node, ip };
    });
    this.#listener?.topology({ version: ++this.#version, nodes: known });
  }

  fail(): void {
    this.#listener?.trouble(new CacheError('ERR_DISCOVERY'));
  }

  refresh(): void {
    this.refreshes++;
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
