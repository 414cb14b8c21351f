import { type CacheClient, type ClientOptions, createClient } from '../../src/client.ts';
import { FaultProxy } from './fault-proxy.ts';
import { startMemcached } from './memcached.ts';
import { startSlabring } from './node-process.ts';
import type { TestServer } from './server.ts';

export type ServerKind = 'slabring' | 'memcached';

/** A node behind a proxy, which can cut it off with all that it holds. */
export class TestNode {
  readonly server: TestServer;
  readonly #proxy: FaultProxy;

  constructor(server: TestServer, proxy: FaultProxy) {
    this.server = server;
    this.#proxy = proxy;
  }

  /** As clients name it. */
  get name(): string {
    return `127.0.0.1:${this.#proxy.port}`;
  }

  /** Nobody reaches it until it is mended. */
  cutOff(): void {
    this.#proxy.set({ kind: 'reset' });
    this.#proxy.resetAll();
  }

  /** It takes everything and answers nothing, until it is mended. */
  stall(): void {
    this.#proxy.stall();
  }

  /** What hangs there is reset. */
  mend(): void {
    this.#proxy.set({ kind: 'none' });
    this.#proxy.resetAll();
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.server.stop();
  }
}

/** Several nodes, and clients of them; all end together. */
export class TestFleet {
  readonly nodes: readonly TestNode[];
  readonly #clients: CacheClient[] = [];

  private constructor(nodes: readonly TestNode[]) {
    this.nodes = nodes;
  }

  static async start(count: number, kind: ServerKind = 'slabring'): Promise<TestFleet> {
    const start = async (): Promise<TestNode> => {
      const slabring = { args: ['-t', '1', '-m', '16'] };
      const server = await (kind === 'memcached' ? startMemcached() : startSlabring(slabring));
      return new TestNode(server, await FaultProxy.start(server));
    };
    return new TestFleet(await Promise.all(Array.from({ length: count }, start)));
  }

  get names(): readonly string[] {
    return this.nodes.map(({ name }) => name);
  }

  node(name: string): TestNode {
    return this.nodes.find((node) => node.name === name)!;
  }

  /** A client of all nodes, with time enough for a slow machine. */
  client(options: Partial<ClientOptions> = {}): CacheClient {
    const client = createClient({ nodes: this.names, deadlineMs: 10_000, ...options });
    this.#clients.push(client);
    return client;
  }

  /** A client of that node alone, past its proxy: what it holds. */
  inside(node: TestNode): CacheClient {
    return this.client({ nodes: [`127.0.0.1:${node.server.port}`] });
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await Promise.all(this.nodes.map((node) => node.stop()));
  }
}
