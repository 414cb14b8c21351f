import { type CacheClient, type ClientOptions, createClient } from '../../src/client.ts';
import { FaultProxy } from './fault-proxy.ts';
import { startMemcached } from './memcached.ts';
import { startSlabring } from './node-process.ts';
import type { TestServer } from './server.ts';

export type ServerKind = 'slabring' | 'memcached';

/** A node behind a proxy that can disconnect it; the node keeps its items. */
export class TestNode {
  readonly server: TestServer;
  readonly #proxy: FaultProxy;

  constructor(server: TestServer, proxy: FaultProxy) {
    this.server = server;
    this.#proxy = proxy;
  }

  /** The name that clients use. */
  get name(): string {
    return `127.0.0.1:${this.#proxy.port}`;
  }

  /** Resets every connection to the node until `heal`. */
  disconnect(): void {
    this.#proxy.setFault({ kind: 'reset' });
    this.#proxy.resetAll();
  }

  /** The node accepts every request and sends no reply until `heal`. */
  stall(): void {
    this.#proxy.stall();
  }

  /** Ends the fault, and resets the connections that it held up. */
  heal(): void {
    this.#proxy.setFault({ kind: 'none' });
    this.#proxy.resetAll();
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.server.stop();
  }
}

/** Several nodes and their clients, which all stop together. */
export class TestCluster {
  readonly nodes: readonly TestNode[];
  readonly #clients: CacheClient[] = [];

  private constructor(nodes: readonly TestNode[]) {
    this.nodes = nodes;
  }

  static async start(count: number, kind: ServerKind = 'slabring'): Promise<TestCluster> {
    const start = async (): Promise<TestNode> => {
      const slabring = { args: ['-t', '1', '-m', '16'] };
      const server = await (kind === 'memcached' ? startMemcached() : startSlabring(slabring));
      return new TestNode(server, await FaultProxy.start(server));
    };
    return new TestCluster(await Promise.all(Array.from({ length: count }, start)));
  }

  get names(): readonly string[] {
    return this.nodes.map(({ name }) => name);
  }

  node(name: string): TestNode {
    return this.nodes.find((node) => node.name === name)!;
  }

  /** A client of all nodes, with a deadline that is long enough for a slow machine. */
  client(options: Partial<ClientOptions> = {}): CacheClient {
    const client = createClient({ nodes: this.names, deadlineMs: 10_000, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client of one node that bypasses the proxy, to see what the node holds. */
  directClient(node: TestNode): CacheClient {
    return this.client({ nodes: [`127.0.0.1:${node.server.port}`] });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
