import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findCommand } from './commands.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { until } from './wait.ts';

/** Why there can be no DNS server here, or `undefined`; it is printed, so that a skipped suite is seen. */
export function dnsmasqMissing(): string | undefined {
  if (findCommand('dnsmasq') !== undefined) return undefined;
  const why = 'there is no dnsmasq on the PATH (apt-get install dnsmasq-base)';
  console.warn(`skipped: ${why}`);
  return why;
}

/** What the server says of names below `.test`; it knows no others, and asks nobody. */
export interface Zone {
  /** Lines of a hosts file: an address, a name. */
  readonly hosts?: readonly string[];
  /** Such as `_cache.test,one.test,11211,0,1`: the service, its target, port, priority, weight. */
  readonly services?: readonly string[];
}

/** A real DNS server, dnsmasq, on a port of 127.0.0.1 that stays the same while it is stopped. */
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

  /** As `setServers` of node:dns wants it. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Its hosts are these from now on; it goes on serving meanwhile. */
  async tell(hosts: readonly string[]): Promise<void> {
    const running = this.#process!;
    await this.#writeHosts(hosts);
    const seenBytes = running.stderr.length;
    running.child.kill('SIGHUP');
    const isRead = () => running.stderr.slice(seenBytes).includes(`read ${this.#hostsFile}`);
    await running.unlessItEnds(until('dnsmasq has read its hosts', isRead));
  }

  /** It ends, if it runs, and another one is in its place. */
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
    await started.unlessItEnds(until('dnsmasq serves', hasRead));
  }

  /** Nobody answers at its port. */
  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async end(): Promise<void> {
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
