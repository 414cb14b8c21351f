import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findCommand } from './commands.ts';
import { temporaryFolder } from './folder.ts';
import { freeze } from './freeze.ts';
import { freePort } from './ports.ts';
import { OwnedProcess } from './server.ts';
import { waitUntil } from './wait.ts';

const run = promisify(execFile);

/** The reason why tests with etcd cannot run here, or `undefined`. It warns of a skipped suite. */
export function whyNoEtcd(): string | undefined {
  const missing = ['etcd', 'etcdctl'].filter((name) => findCommand(name) === undefined);
  if (missing.length === 0) return undefined;
  const packages = 'apt-get install etcd-server etcd-client';
  const reason = `there is no ${missing.join(' and no ')} on the PATH (${packages})`;
  console.warn(`skipped: ${reason}`);
  return reason;
}

interface EtcdStatus {
  readonly leader: number;
  readonly header: { readonly member_id: number };
}

const localPlace = async (): Promise<EtcdPlace> => {
  return { host: '127.0.0.1', ports: [await freePort(), await freePort()] };
};

async function localPlaces(count: number): Promise<readonly EtcdPlace[]> {
  const places: EtcdPlace[] = [];
  while (places.length < count) places.push(await localPlace());
  return places;
}

const peerUrl = ({ host, ports }: EtcdPlace): string => `http://${host}:${ports[1]}`;

/** PEM files of an etcd with TLS: clients need a certificate of the same authority. */
interface ServerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Where a member of etcd listens, and how its process starts. */
interface EtcdPlace {
  readonly host: string;
  readonly ports: readonly [client: number, peer: number];
  /** A command that executes the rest of the command line. */
  readonly commandPrefix?: readonly string[];
}

/** A member of etcd, on ports that stay the same over restarts. */
export class EtcdServer {
  /** `host:port` for clients. */
  readonly address: string;
  readonly #name: string;
  readonly #place: EtcdPlace;
  /** As etcd wants it: `name=url` of all members. */
  readonly #members: string;
  readonly #folder: string;
  readonly #removeFolder: () => Promise<void>;
  readonly #tls: ServerTls | undefined;
  #process: OwnedProcess | undefined;

  private constructor(
    name: string,
    place: EtcdPlace,
    members: string,
    { path, remove }: Awaited<ReturnType<typeof temporaryFolder>>,
    tls: ServerTls | undefined,
  ) {
    this.address = `${place.host}:${place.ports[0]}`;
    this.#name = name;
    this.#place = place;
    this.#members = members;
    this.#folder = path;
    this.#removeFolder = remove;
    this.#tls = tls;
  }

  /** An etcd of one member. */
  static async start(tls?: ServerTls): Promise<EtcdServer> {
    const [server] = await EtcdServer.startMembers([await localPlace()], tls);
    return server!;
  }

  /** An etcd of several members, on 127.0.0.1 or at these places. */
  static async startMembers(
    places: number | readonly EtcdPlace[],
    tls?: ServerTls,
  ): Promise<readonly EtcdServer[]> {
    const at = typeof places === 'number' ? await localPlaces(places) : places;
    const members = at.map((place, nth) => `member-${nth}=${peerUrl(place)}`).join();
    const servers: EtcdServer[] = [];
    for (const [nth, place] of at.entries()) {
      const folder = await temporaryFolder();
      servers.push(new EtcdServer(`member-${nth}`, place, members, folder, tls));
    }
    await Promise.all(servers.map((server) => server.start()));
    return servers;
  }

  /** Resolves when etcd is healthy: it has a leader and writes. */
  async start(): Promise<void> {
    const client = `${this.#tls === undefined ? 'http' : 'https'}://${this.address}`;
    const peer = peerUrl(this.#place);
    const tls = this.#tls;
    this.#process = new OwnedProcess([
      ...(this.#place.commandPrefix ?? []),
      findCommand('etcd')!,
      ...['--name', this.#name, '--data-dir', this.#data],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', this.#members],
      // A short election lets leases of 1 s be.
      ...['--heartbeat-interval', '20', '--election-timeout', '200'],
      ...(tls === undefined ? [] : ['--cert-file', tls.cert, '--key-file', tls.key]),
      ...(tls === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.ca]),
    ]);
    await this.#process.failOnExit(waitUntil('etcd is healthy', () => this.#isHealthy(), 60_000));
  }

  /** Whether this member is the leader now; false without a reply. */
  async isLeader(): Promise<boolean> {
    const status = await this.control('endpoint', 'status', '-w', 'json').catch(() => '[]');
    const [first] = JSON.parse(status) as readonly { Status: EtcdStatus }[];
    const now = first?.Status;
    return now !== undefined && now.leader === now.header.member_id;
  }

  /** Ends the process at once, as a failure does. */
  async kill(): Promise<void> {
    this.#process?.child.kill('SIGKILL');
    await this.#process?.exited;
    this.#process = undefined;
  }

  freeze(): Promise<void> {
    return freeze(this.#process!.child.pid!);
  }

  thaw(): void {
    this.#process!.child.kill('SIGCONT');
  }

  /** Copies the data of an etcd that does not run. */
  async backUp(): Promise<void> {
    await cp(this.#data, this.#backup, { recursive: true });
  }

  /** Gives an etcd that does not run the data of the backup. */
  async restore(): Promise<void> {
    await rm(this.#data, { recursive: true });
    await cp(this.#backup, this.#data, { recursive: true });
  }

  /** Runs etcdctl; resolves with what it prints. */
  async control(...args: readonly string[]): Promise<string> {
    const tls = this.#tls;
    const options = [
      ...['--endpoints', this.address],
      ...(tls === undefined ? [] : ['--cacert', tls.ca, '--cert', tls.cert, '--key', tls.key]),
    ];
    const env = { ...process.env, ETCDCTL_API: '3' };
    const { stdout } = await run(findCommand('etcdctl')!, [...options, ...args], { env });
    return stdout;
  }

  async dispose(): Promise<void> {
    await this.kill();
    await this.#removeFolder();
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  get #backup(): string {
    return join(this.#folder, 'backup');
  }

  /** The health endpoint for everybody is that of HTTP; with TLS etcdctl has the certificate. */
  async #isHealthy(): Promise<boolean> {
    if (this.#tls !== undefined) {
      return this.control('endpoint', 'health').then(
        () => true,
        () => false,
      );
    }
    const reply = await fetch(`http://${this.address}/health`).catch(() => undefined);
    const health = (await reply?.json().catch(() => undefined)) as { health?: string } | undefined;
    return health?.health === 'true';
  }
}
