/** The nodes of `slabring cluster`, before they run. */
import { join } from 'node:path';
import { toArguments } from '../../base/index.ts';
import type { Inherited, NodePlan } from '../../cluster/index.ts';
import { formatAddress } from '../../topology/index.ts';
import {
  advertisedHost,
  type ClusterOptions,
  hostOf,
  nodeFlags,
} from '../options/cluster-options.ts';
import { serveFlags } from '../verbs/serve-flags.ts';

const MEBIBYTE = 2 ** 20;
/** The name of a node has its number: `node-1` listens on the first port. */
const NAME = /^node-([1-9]\d{0,4})$/;

/** A node before it runs, with the address by which clients will reach it. */
export interface PlannedNode extends NodePlan {
  readonly host: string;
  readonly port: number;
}

/** What the plan takes from the folder of the cluster, and from its membership. */
interface Kept {
  /** The folder of the files that keep the items; undefined if there is none. */
  readonly folder: string | undefined;
  /** The admin ports of an earlier run, by the name of the node. */
  readonly adminPorts: Readonly<Record<string, number>>;
  /** What a node publishes until it follows the topology (`config get cluster`). */
  readonly published: () => PublishedNodes;
}

interface PublishedNodes {
  readonly version: number;
  readonly addresses: readonly string[];
}

/** Plans nodes by their names; a name decides the ports. */
export class NodePlans {
  readonly #program: readonly string[];
  readonly #options: ClusterOptions;
  readonly #kept: Kept;
  readonly #shared: readonly string[];

  /** @param program the command that `serve` and its options follow. */
  constructor(program: readonly string[], options: ClusterOptions, kept: Kept) {
    this.#program = program;
    this.#options = options;
    this.#kept = kept;
    this.#shared = toArguments(nodeFlags, options);
  }

  plan(name: string): PlannedNode {
    const number = numberOf(name);
    const { port, address, host } = this.placeOf(name);
    const listen = hostOf('--host', this.#options.host);
    const command = (inherited: Inherited) => [
      ...[...this.#program, 'serve', `--listen=${listen}`, `--port=${port}`],
      ...(inherited.options ?? this.#shared),
      ...this.#publishedArguments(),
      ...this.#warmArguments(name),
      '--join=supervisor',
      '--log-format=json',
      ...[adminArgument(this.#options, number - 1, inherited)],
      ...memoryArgument(this.#options, inherited),
    ];
    return { name, command, adminPort: this.#kept.adminPorts[name], host, port, address };
  }

  /** Where clients will find a node. */
  placeOf(name: string): {
    readonly host: string;
    readonly port: number;
    readonly address: string;
  } {
    const host = advertisedHost(this.#options);
    const port = this.#options.port + numberOf(name) - 1;
    return { host, port, address: formatAddress({ host, port }) };
  }

  /** The items of a temporary folder are of use only to the same supervisor. */
  #warmArguments(name: string): readonly string[] {
    const { folder } = this.#kept;
    if (folder === undefined) return [];
    const on = this.#options.state === '' ? 'restart' : 'stop';
    return [`--warm-restart=${itemsFile(folder, name)}`, `--warm-restart-on=${on}`];
  }

  #publishedArguments(): readonly string[] {
    if (this.#options.clusterNodes.length > 0) return [];
    const { version, addresses } = this.#kept.published();
    return [`--cluster-nodes=${addresses.join(',')}`, `--cluster-version=${version}`];
  }
}

/** The file of the items of a node. */
export const itemsFile = (folder: string, name: string): string => join(folder, `${name}.items`);

/** `node-1`, `node-2` and so on. */
export function firstNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `node-${at + 1}`);
}

/** A name that no node has; the lowest of them is 0. */
export function freeName(taken: readonly string[], nth: number): string {
  const names = firstNames(taken.length + nth + 1).filter((name) => !taken.includes(name));
  return names[nth]!;
}

const numberOf = (name: string): number => Number(NAME.exec(name)?.[1]);

/** The admin port of the node at this place of the table: a free one stays the same. */
function adminArgument(
  { adminPort: first }: ClusterOptions,
  at: number,
  { adminPort: earlier = 0 }: Inherited,
): string {
  const value = first > 0 ? first + at : first === 0 ? earlier : first;
  return `--admin-port=${serveFlags.adminPort.format(value)}`;
}

/** A node that somebody gave more memory needs it again for its items. */
function memoryArgument(
  { memoryLimitBytes: planned }: ClusterOptions,
  { memoryLimitBytes: current = planned, options }: Inherited,
): readonly string[] {
  const pages = (sizeBytes: number): number => Math.floor(sizeBytes / MEBIBYTE);
  const isPlanned = options === undefined && pages(current) === pages(planned);
  return isPlanned ? [] : [`--memory-limit=${pages(current)}`];
}
