import { readFile } from 'node:fs/promises';
import type { TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

/** Checks a node by its statistics, its dump and the memory that the system reports. */
export class NodeCheck {
  readonly #server: TestServer;
  readonly #connection: RawConnection;

  private constructor(server: TestServer, connection: RawConnection) {
    this.#server = server;
    this.#connection = connection;
  }

  static async connect(server: TestServer): Promise<NodeCheck> {
    return new NodeCheck(server, await RawConnection.connect(server.address));
  }

  close(): void {
    this.#connection.destroy();
  }

  async request(text: string): Promise<string> {
    return (await this.#connection.exchange(text)).toString('latin1');
  }

  /** The statistics of a topic (default: the general ones), as numbers by name. */
  async stats(topic = ''): Promise<Map<string, number>> {
    const text = await this.request(`stats${topic === '' ? '' : ` ${topic}`}\r\n`);
    const lines = [...text.matchAll(/^STAT (\S+) (\S+)/gm)];
    return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
  }

  /** Resident memory of the node's process, bytes; 0 if the system does not report it. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#server.pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /**
   * Finds problems of an idle node: counters that do not match, and memory that the node does not
   * free after a flush.
   */
  async findProblems(): Promise<readonly string[]> {
    const problems = await this.#countMismatches();
    await this.request('flush_all\r\n');
    // The item count leaves flushed items out at once, so it does not show when they are freed.
    let inUse: readonly string[] = [];
    await waitUntil('the crawler has freed all flushed items', async () => {
      await this.request('lru_crawler crawl all\r\n');
      inUse = await this.#memoryInUse();
      return inUse.length === 0;
    }).catch(() => problems.push(...inUse));
    return problems;
  }

  async #memoryInUse(): Promise<string[]> {
    return [...(await this.stats('slabs'))]
      .filter(([name, value]) => /:(used_chunks|mem_requested)$/.test(name) && value !== 0)
      .map(([name, value]) => `After a flush and a crawl ${name} is ${value} instead of 0.`);
  }

  async #countMismatches(): Promise<string[]> {
    const mismatches: string[] = [];
    const items = (await this.stats()).get('curr_items') ?? 0;
    let inClasses = 0;
    for (const [name, value] of await this.stats('items')) {
      if (name.endsWith(':number')) inClasses += value;
    }
    if (items !== inClasses) {
      mismatches.push(`curr_items is ${items}, but the size classes have ${inClasses} items.`);
    }
    const dumped =
      (await this.request('lru_crawler metadump all\r\n')).match(/^key=/gm)?.length ?? 0;
    // Items may expire between the two requests, so fewer items in the dump are no problem.
    if (dumped > items) {
      mismatches.push(`curr_items is ${items}, but the dump has ${dumped} items.`);
    }
    return mismatches;
  }
}
