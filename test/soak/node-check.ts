import { readFile } from 'node:fs/promises';
import type { TestServer } from '../support/server.ts';
import { until } from '../support/wait.ts';
import { RawConnection } from '../support/wire.ts';

/** What a node says of itself, and the operating system of it. */
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

  async say(text: string): Promise<string> {
    return (await this.#connection.exchange(text)).toString('latin1');
  }

  /** `stats`, or a part of them, as numbers by name. */
  async stats(part = ''): Promise<Map<string, number>> {
    const text = await this.say(`stats${part === '' ? '' : ` ${part}`}\r\n`);
    const lines = [...text.matchAll(/^STAT (\S+) (\S+)/gm)];
    return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
  }

  /** Resident memory of the node's process, bytes; 0 where the system does not tell. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#server.pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }

  /** What is not as it must be when nobody is asking: the node's sums agree, and all memory comes back. */
  async flaws(): Promise<readonly string[]> {
    const flaws = await this.#disagreements();
    await this.say('flush_all\r\n');
    await until('the crawler frees what was flushed', async () => {
      await this.say('lru_crawler crawl all\r\n');
      return (await this.stats()).get('curr_items') === 0;
    });
    for (const [name, value] of await this.stats('slabs')) {
      if (/:(used_chunks|mem_requested)$/.test(name) && value !== 0)
        flaws.push(`after all is gone, ${name} is ${value}`);
    }
    return flaws;
  }

  async #disagreements(): Promise<string[]> {
    const flaws: string[] = [];
    const items = (await this.stats()).get('curr_items') ?? 0;
    let inClasses = 0;
    for (const [name, value] of await this.stats('items')) {
      if (name.endsWith(':number')) inClasses += value;
    }
    if (items !== inClasses) flaws.push(`${items} items, but ${inClasses} in the classes`);
    const dumped = (await this.say('lru_crawler metadump all\r\n')).match(/^key=/gm)?.length ?? 0;
    // What expires between the two is no flaw.
    if (dumped > items) flaws.push(`${items} items, but ${dumped} in the dump`);
    return flaws;
  }
}
