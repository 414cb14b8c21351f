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

/** PEM files of an etcd with TLS: clients need a certificate of the same authority. */
interface ServerTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An etcd of one member, on ports of 127.0.0.1 that stay the same over restarts. */
export class EtcdServer {
  /** `host:port` for clients. */
  readonly address: string;
  readonly #peerAddress: string;
  readonly #folder: string;
  readonly #removeFolder: () => Promise<void>;
  readonly #tls: ServerTls | undefined;
  #process: OwnedProcess | undefined;

  private constructor(
    [port, peerPort]: readonly [number, number],
    { path, remove }: Awaited<ReturnType<typeof temporaryFolder>>,
    tls: ServerTls | undefined,
  ) {
    this.address = `127.0.0.1:${port}`;
    this.#peerAddress = `127.0.0.1:${peerPort}`;
    this.#folder = path;
    this.#removeFolder = remove;
    this.#tls = tls;
  }

  static async start(tls?: ServerTls): Promise<EtcdServer> {
    const ports = [await freePort(), await freePort()] as const;
    const server = new EtcdServer(ports, await temporaryFolder(), tls);
    await server.start();
    return server;
  }

  /** Resolves when etcd is healthy: it has a leader and writes. */
  async start(): Promise<void> {
    const client = `${this.#tls === undefined ? 'http' : 'https'}://${this.address}`;
    const peer = `http://${this.#peerAddress}`;
    const tls = this.#tls;
    this.#process = new OwnedProcess([
      findCommand('etcd')!,
      ...['--name', 'test', '--data-dir', this.#data],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `test=${peer}`],
      // A short election lets leases of 1 s be.
      ...['--heartbeat-interval', '20', '--election-timeout', '200'],
      ...(tls === undefined ? [] : ['--cert-file', tls.cert, '--key-file', tls.key]),
      ...(tls === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.ca]),
    ]);
    await this.#process.failOnExit(waitUntil('etcd is healthy', () => this.#isHealthy()));
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
