/** How a proxy finds a cluster of this machine. */
import { CodedError, type Logger, type ValuesOf } from '../../base/index.ts';
import { type Membership, ProxyMembership } from '../../cluster/index.ts';
import type { RunningNode } from '../../node/index.ts';
import type { PlainProxy } from '../../proxy/main.ts';
import { formatAddress, parseAddress } from '../../topology/index.ts';
import type { Proxied } from '../terminal/serve-page.ts';
import type { proxyFlags } from '../verbs/proxy-flags.ts';
import { hostAddress } from './etcd-join.ts';
import type { NodeJoin } from './membership.ts';
import { supervisorFor } from './restart-order.ts';

const LOOPBACK = '127.0.0.1';

type ProxyOptions = Pick<
  ValuesOf<typeof proxyFlags>,
  'cluster' | 'state' | 'nodeName' | 'advertise' | 'listen' | 'port' | 'unixSocket' | 'clusterNodes'
>;

/** @throws {CodedError} if this user runs no such cluster here. */
export async function openProxyMembership(options: ProxyOptions, log: Logger): Promise<Membership> {
  const { cluster, state, nodeName, clusterNodes } = options;
  const hasPort = options.unixSocket === '' && options.port !== 0;
  return ProxyMembership.open({
    name: nodeName || `proxy-${hasPort ? options.port : process.pid}`,
    address: hasPort || options.advertise !== '' ? addressOf(options) : undefined,
    find: () => supervisorFor({ cluster, state }).catch(explain),
    publishes: clusterNodes.length === 0,
    log,
  });
}

function addressOf({ advertise, listen, port }: ProxyOptions): string {
  const given = advertise === '' ? undefined : parseAddress(advertise);
  const from = given ?? listen.map(hostAddress).find((each) => each !== undefined);
  return formatAddress({ host: LOOPBACK, port, ...from });
}

/** @throws {CodedError} */
function explain(error: unknown): never {
  if (!(error instanceof CodedError)) throw error;
  const text =
    'A proxy for a cluster on other machines needs --join, one before nodes of no cluster --nodes.';
  throw new CodedError(error.code, `${error.message} ${text}`, { cause: error });
}

type PlainOptions = Pick<
  ValuesOf<typeof proxyFlags>,
  'nodes' | 'distribution' | 'hash' | 'nodeTimeoutMs' | 'deadNode'
>;

/** The part of a proxy before nodes that are no cluster. */
export class PlainNodesJoin implements NodeJoin {
  readonly proxied: Proxied;
  readonly renewal = new Promise<never>(() => {});
  readonly #options: PlainOptions;
  readonly #log: Logger;
  #proxy: PlainProxy | undefined;

  constructor(options: PlainOptions, log: Logger) {
    this.#options = options;
    this.#log = log;
    this.proxied = { nodes: options.nodes.length };
  }

  async extras() {
    const { hash, nodeTimeoutMs: timeoutMs, nodes, distribution, deadNode } = this.#options;
    const placement = { distribution, hash: hash === 'default' ? undefined : hash, deadNode };
    const { PlainProxy } = await import('../../proxy/main.ts');
    this.#proxy = new PlainProxy({ nodes, timeoutMs, ...placement }, this.#log);
    return { cluster: this.#proxy.start };
  }

  follow(node: Pick<RunningNode, 'cluster'>): undefined {
    this.#proxy?.attach(node);
  }

  async end(): Promise<void> {
    this.#proxy?.close();
  }
}
