import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { findCommand } from '../support/commands.ts';
import { waitUntil } from '../support/wait.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** A node of the test starts within this time, also while the machine has other work. */
const HEALTHY_TIMEOUT_MS = 180_000;

const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** `docker compose`, or `docker-compose` where the plugin is missing. */
function composeCommand(): readonly string[] | undefined {
  if (succeeds('docker', 'compose', 'version')) return ['docker', 'compose'];
  const alone = findCommand('docker-compose');
  return alone === undefined ? undefined : [alone];
}

/** The reason why tests with Docker cannot run here; it prints it. */
export function whyNoDocker(): string | undefined {
  const reason = !succeeds('docker', 'info')
    ? 'no Docker engine answers (docker info)'
    : composeCommand() === undefined && 'there is no docker compose';
  if (reason === false) return undefined;
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** What a command prints on standard output; it throws an error with the rest if it fails. */
async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(command, args, { maxBuffer: OUTPUT_BYTES_MAX });
  return stdout.trim();
}

export const docker = (...args: readonly string[]): Promise<string> => output('docker', args);

/** What `docker inspect` says of a container, as far as the tests read it. */
interface Container {
  readonly Config: { readonly User: string };
  readonly RestartCount: number;
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: readonly string[];
    readonly Memory: number;
  };
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly StartedAt: string;
    readonly Health?: { readonly Status: string };
  };
}

/** A project of docker compose, from a file. */
export class ComposeProject {
  readonly #name = `slabring-test-${process.pid}`;
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** The network of the project that a service names. */
  network(name: string): string {
    return `${this.#name}_${name}`;
  }

  compose(...args: readonly string[]): Promise<string> {
    const [command = '', ...words] = composeCommand() ?? [];
    return output(command, [...words, '-p', this.#name, '-f', this.#file, ...args]);
  }

  up(): Promise<string> {
    return this.compose('up', '--detach');
  }

  /** Removes the containers, their networks and their volumes. */
  down(): Promise<string> {
    return this.compose('down', '--volumes');
  }

  async #id(service: string): Promise<string> {
    const filter = (name: string, value: string) => ['--filter', `label=${name}=${value}`];
    const labels = [
      ...filter('com.docker.compose.project', this.#name),
      ...filter('com.docker.compose.service', service),
    ];
    return docker('ps', '--all', '--quiet', ...labels);
  }

  async inspect(service: string): Promise<Container> {
    const text = await docker('inspect', await this.#id(service));
    return (JSON.parse(text) as [Container])[0];
  }

  /** Runs a command in the container of a service. */
  async exec(service: string, ...words: readonly string[]): Promise<string> {
    return docker('exec', await this.#id(service), ...words);
  }

  /** Runs a command in a container with these bytes as its input; returns the bytes it prints. */
  async pipe(service: string, input: Buffer, ...words: readonly string[]): Promise<Buffer> {
    const args = ['exec', '--interactive', await this.#id(service), ...words];
    const maxBuffer = OUTPUT_BYTES_MAX;
    const running = run('docker', args, { encoding: 'buffer', maxBuffer });
    running.child.stdin?.end(input);
    return (await running).stdout;
  }

  /** The log of a service. */
  async log(service: string): Promise<string> {
    const { stdout, stderr } = await run('docker', ['logs', await this.#id(service)]);
    return stdout + stderr;
  }

  /** Waits until the health check of each service succeeds. */
  async untilHealthy(services: readonly string[]): Promise<void> {
    for (const service of services) {
      const isHealthy = async () =>
        (await this.inspect(service)).State.Health?.Status === 'healthy';
      await waitUntil(`${service} is healthy`, isHealthy, HEALTHY_TIMEOUT_MS).catch(
        async (error: Error) => {
          throw new Error(`${error.message}\n${await this.log(service)}`);
        },
      );
    }
  }
}
