/** What a folder keeps of a cluster while it is stopped (`--state`). */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  CodedError,
  envNames,
  fileReason,
  resolveOptions,
  type Sources,
} from '../../base/index.ts';
import { openPrivateFolder } from '../../cluster/index.ts';
import {
  answers,
  type ClusterTopology,
  decodeTopology,
  encodeTopology,
  isProxy,
  TopologyError,
} from '../../topology/index.ts';
import { type ClusterOptions, clusterFlags } from '../options/cluster-options.ts';
import { firstNames, itemsFile } from './cluster-plan.ts';

/** The file in the folder; beside it, `node-1.items` and so on while the cluster is stopped. */
const FILE = 'cluster.json';
/** Clusters of slabring 0.1 wrote format 1, which has no topology. */
const FORMATS = [1, 2] as const;
const FORMAT = 2;
/** The options that decide which node has a key. */
const PLACEMENT = ['nodes', 'port', 'host', 'advertise'] as const;
/** The other options that the next start has, too. */
const SETTINGS = ['name', 'replicas', 'replication'] as const;

type Placement = Readonly<Record<(typeof PLACEMENT)[number], string>>;
type Settings = Readonly<Record<(typeof SETTINGS)[number], string>>;

interface StateFile {
  readonly format: (typeof FORMATS)[number];
  /** `nodes` is the number with which the cluster began. */
  readonly placement: Placement;
  readonly settings?: Settings;
  /** The version of the topology. */
  readonly clusterVersion: number;
  /** The encoded topology. */
  readonly topology?: string;
  /** Nodes that are no members now, because they restart. */
  readonly expected?: readonly string[];
  /** The admin ports by the names of the nodes. */
  readonly adminPorts: Readonly<Record<string, number>>;
}

/** What changes while a cluster runs. */
interface Facts {
  readonly topology: ClusterTopology;
  readonly expected: readonly string[];
  readonly adminPorts: StateFile['adminPorts'];
}

/** The folder of a stopped cluster, or of one that will run. */
export class ClusterState {
  /** An absolute path. */
  readonly folder: string;
  /** The topology of the stopped cluster. */
  readonly topology: ClusterTopology | undefined;
  #file: StateFile | undefined;

  /** @throws {CodedError} `ERR_STATE_FOLDER` */
  constructor(folder: string) {
    this.folder = openPrivateFolder(resolve(folder));
    this.#file = readState(this.folder);
    const text = this.#file?.topology;
    this.topology = text === undefined ? undefined : decodeTopology(text);
  }

  get clusterVersion(): number {
    return this.#file?.clusterVersion ?? 0;
  }

  /** The nodes that were to join. */
  get expected(): readonly string[] {
    return this.#file?.expected ?? [];
  }

  get adminPorts(): StateFile['adminPorts'] {
    return this.#file?.adminPorts ?? {};
  }

  /** The nodes of the stopped cluster; undefined if there is none. */
  get names(): readonly string[] | undefined {
    const { topology } = this;
    if (topology === undefined) {
      return this.#file && firstNames(Number(this.#file.placement.nodes));
    }
    // Nobody starts proxies again.
    const members = topology.members.filter((one) => one.state !== 'gone' && !isProxy(one));
    return [...new Set([...members.map(({ name }) => name), ...this.expected])];
  }

  /**
   * The items are on the nodes that the placement of the stopped cluster gives them.
   * @throws {CodedError} `ERR_USAGE` if the options place keys in another way.
   */
  checkPlacement(options: ClusterOptions): void {
    const kept = this.#file?.placement;
    if (kept === undefined) return;
    const wanted = placementOf(options);
    const changed = PLACEMENT.filter((name) => wanted[name] !== kept[name]);
    const isSameNumber = Number(wanted.nodes) === this.names?.length;
    const others = changed.filter((name) => name !== 'nodes' || !isSameNumber);
    if (others.length === 0) return;
    const texts = others.map((name) => `--${name} ${wanted[name]} (it was ${kept[name]})`);
    throw new CodedError(
      'ERR_USAGE',
      `The folder ${this.folder} keeps a cluster with other nodes: ${texts.join(', ')}. Leave ` +
        'these options out to start it again (slabring nodes adds and removes nodes while it ' +
        'runs), name another folder, or delete this one to begin without items.',
    );
  }

  /**
   * Deletes the items of nodes that had not got all of them, or were about to leave for good:
   * others answer for their keys.
   */
  discardIncomplete(): void {
    if (this.topology === undefined) return;
    const whole = this.topology.members.filter(answers).map(({ name }) => name);
    for (const name of this.names ?? []) {
      if (!whole.includes(name)) rmSync(itemsFile(this.folder, name), { force: true });
    }
  }

  /** @throws {CodedError} `ERR_STATE_FOLDER` */
  write(options: ClusterOptions, { topology, expected, adminPorts }: Facts): void {
    const nodes = this.#file?.placement.nodes ?? `${options.nodes}`;
    const { name, replicas, replication } = options;
    this.#file = {
      format: FORMAT,
      placement: { ...placementOf(options), nodes },
      settings: { name, replicas: `${replicas}`, replication },
      clusterVersion: topology.version,
      topology: encodeTopology(topology),
      expected,
      adminPorts,
    };
    const path = join(this.folder, FILE);
    try {
      const text = `${JSON.stringify(this.#file, undefined, 2)}\n`;
      writeFileSync(`${path}.part`, text, { mode: 0o600, flush: true });
      renameSync(`${path}.part`, path);
    } catch (cause) {
      throw stateError(`Cannot write ${path}: ${(cause as Error).message}.`, cause);
    }
  }
}

/** Adds what the folder keeps, for options that neither the command line nor a variable sets. */
export function withKeptOptions(sources: Sources): Sources {
  const { state } = resolveOptions({ state: clusterFlags.state }, onlyState(sources));
  const file = state === '' ? undefined : readState(resolve(state));
  if (file === undefined) return sources;
  const kept: Readonly<Record<string, string>> = { ...file.placement, ...file.settings };
  const given: Record<string, readonly string[]> = { ...sources.given };
  for (const name of [...PLACEMENT, ...SETTINGS]) {
    const value = kept[name] ?? '';
    const isSet = envNames(name, clusterFlags[name]).some((each) => sources.env?.[each]);
    if (given[name] === undefined && !isSet && value !== '') given[name] = [value];
  }
  return { ...sources, given };
}

const onlyState = ({ given = {}, env = {} }: Sources): Sources => {
  const state = given['state'];
  return { given: state === undefined ? {} : { state }, env };
};

function placementOf(options: ClusterOptions): Placement {
  const { nodes, port, host, advertise } = options;
  return { nodes: `${nodes}`, port: `${port}`, host, advertise };
}

/** @throws {CodedError} `ERR_STATE_FOLDER` for a file that no slabring of this version wrote. */
function readState(folder: string): StateFile | undefined {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw stateError(`Cannot read ${path}: ${fileReason(cause, path, 'read')}.`, cause);
  }
  try {
    const file = JSON.parse(text) as StateFile;
    if (isState(file)) return file;
  } catch (cause) {
    const isBroken = cause instanceof SyntaxError || cause instanceof TypeError;
    if (!isBroken && !(cause instanceof TopologyError)) throw cause;
  }
  throw stateError(
    `${path} is not the state of a cluster of this version: delete it to begin without items.`,
  );
}

function isState({ format, placement, topology }: StateFile): boolean {
  if (!FORMATS.includes(format)) return false;
  if (topology !== undefined) decodeTopology(topology);
  return PLACEMENT.every((name) => isText(placement[name]));
}

const isText = (value: unknown): boolean => typeof value === 'string';

function stateError(message: string, cause?: unknown): CodedError {
  return new CodedError('ERR_STATE_FOLDER', message, { cause });
}
