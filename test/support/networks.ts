import { execFileSync } from 'node:child_process';

/** Namespaces of this process; another run may have others at the same time. */
const PREFIX = `sb${process.pid % 10_000}`;
const NET = process.pid % 200;

const ip = (...args: readonly string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The reason why tests with network namespaces cannot run here; it warns of a skipped suite. */
export function whyNoNetworks(): string | undefined {
  const name = `${PREFIX}t`;
  try {
    ip('netns', 'add', name);
    ip('link', 'add', name, 'type', 'bridge');
    ip('link', 'del', name);
    return undefined;
  } catch (error) {
    const reason = `network namespaces are not allowed here: ${(error as Error).message.trim()}`;
    console.warn(`skipped: ${reason}`);
    return reason;
  } finally {
    tryIp('netns', 'del', name);
  }
}

function tryIp(...args: readonly string[]): void {
  try {
    ip(...args);
  } catch {
    // It is not there.
  }
}

/** A machine in a network namespace. Its clients reach it, whatever it is cut off from. */
interface Machine {
  /** In the network of the cluster. */
  readonly host: string;
  /** In the network of the clients. */
  readonly clientHost: string;
  /** A command that executes the rest of the command line on this machine. */
  readonly commandPrefix: readonly string[];
}

/**
 * Machines with two networks: one of the cluster, which has two sides, and one of the clients. A
 * machine on the other side reaches only those that are there, and gets no error for the others.
 */
export class Networks {
  readonly machines: readonly Machine[];

  constructor(count: number) {
    for (const side of ['a', 'b', 'm']) {
      ip('link', 'add', `${PREFIX}${side}`, 'type', 'bridge');
      ip('link', 'set', `${PREFIX}${side}`, 'up');
    }
    ip('addr', 'add', `10.77.${NET}.1/24`, 'dev', `${PREFIX}a`);
    ip('addr', 'add', `10.78.${NET}.1/24`, 'dev', `${PREFIX}m`);
    this.machines = Array.from({ length: count }, (_, nth) => addMachine(nth));
  }

  /** These machines are on the other side; none: the network is whole. */
  cutOff(...nths: readonly number[]): void {
    for (const nth of this.machines.keys()) {
      const side = nths.includes(nth) ? 'b' : 'a';
      ip('link', 'set', `${PREFIX}c${nth}`, 'master', `${PREFIX}${side}`);
    }
  }

  /** Each machine is alone. */
  cutAll(): void {
    for (const nth of this.machines.keys()) ip('link', 'set', `${PREFIX}c${nth}`, 'nomaster');
  }

  dispose(): void {
    for (const nth of this.machines.keys()) tryIp('netns', 'del', `${PREFIX}${nth}`);
    for (const side of ['a', 'b', 'm']) tryIp('link', 'del', `${PREFIX}${side}`);
  }
}

function addMachine(nth: number): Machine {
  const name = `${PREFIX}${nth}`;
  const host = `10.77.${NET}.${nth + 10}`;
  const clientHost = `10.78.${NET}.${nth + 10}`;
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const links = [
    [`${PREFIX}c${nth}`, 'eth0', host, `${PREFIX}a`],
    [`${PREFIX}m${nth}`, 'eth1', clientHost, `${PREFIX}m`],
  ] as const;
  for (const [outside, inside, address, bridge] of links) {
    ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name);
    ip('link', 'set', outside, 'master', bridge);
    ip('link', 'set', outside, 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', inside);
    ip('-n', name, 'link', 'set', inside, 'up');
  }
  return { host, clientHost, commandPrefix: ['ip', 'netns', 'exec', name] };
}
