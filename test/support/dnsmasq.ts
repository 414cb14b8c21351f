import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

/**
 * The reason why dnsmasq cannot run here, or `undefined`. It warns, so a skipped suite is visible.
 */
export function dnsmasqMissing(): string | undefined {
  if (findCommand('dnsmasq') !== undefined) return undefined;
  const reason = 'dnsmasq is not on the PATH (apt-get install dnsmasq-base)';
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** The records of names below `.test`. The server has no other names and no upstream server. */
export interface Zone {
  /** Lines of a hosts file: an address, a name. */
  readonly hosts?: readonly string[];
  /** SRV records: service, target, port, priority and weight: `_cache.test,one.test,11211,0,1`. */
  readonly services?: readonly string[];
}

/** A real DNS server, dnsmasq, on a port of 127.0.0.1 that stays the same across restarts. */
export class DnsServer {
  readonly port: number;
  readonly #folder: string;
  readonly #removeFolder: () => Promise<void>;
  #process: OwnedProcess | undefined;

  private constructor(port: number, folder: string, removeFolder: () => Promise<void>) {
    this.port = port;
    this.#folder = folder;
    this.#removeFolder = removeFolder;
  }

  static async start(zone: Zone): Promise<DnsServer> {
    const { path, remove } = await temporaryFolder();
    const server = new DnsServer(await freePort(), path, remove);
    await server.restart(zone);
    return server;
  }

  /** The address in the format of `setServers` of node:dns. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Replaces the hosts while the server runs. */
  async setHosts(hosts: readonly string[]): Promise<void> {
    const running = this.#process!;
    await this.#writeHosts(hosts);
    const seenBytes = running.stderr.length;
    running.child.kill('SIGHUP');
    const isRead = () => running.stderr.slice(seenBytes).includes(`read ${this.#hostsFile}`);
    await running.failOnExit(waitUntil('dnsmasq has read its hosts', isRead));
  }

  /** Stops the server, if it runs, and starts it with another zone. */
  async restart({ hosts = [], services = [] }: Zone): Promise<void> {
    await this.stop();
    await this.#writeHosts(hosts);
    const lines = [
      ...['no-resolv', 'no-hosts', 'local=/test/', `addn-hosts=${this.#hostsFile}`],
      ...['listen-address=127.0.0.1', 'bind-interfaces', `port=${this.port}`],
      ...services.map((service) => `srv-host=${service}`),
    ];
    const file = join(this.#folder, 'configuration');
    await writeFile(file, `${lines.join('\n')}\n`);
    const command = [findCommand('dnsmasq')!, '--no-daemon', `--conf-file=${file}`] as const;
    const started = new OwnedProcess(command);
    this.#process = started;
    const hasRead = () => started.stderr.includes(`read ${this.#hostsFile}`);
    await started.failOnExit(waitUntil('dnsmasq serves', hasRead));
  }

  /** Stops the server: its port refuses queries. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.#removeFolder();
  }

  get #hostsFile(): string {
    return join(this.#folder, 'hosts');
  }

  async #writeHosts(hosts: readonly string[]): Promise<void> {
    await writeFile(this.#hostsFile, hosts.map((line) => `${line}\n`).join(''));
  }
}
