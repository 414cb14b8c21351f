/** What a folder keeps of a cluster while it is stopped (`--state`). */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  CodedError,
  envNames,
  fileReason,
  resolveOptions,
  type Sources,
} from '../../base/index.ts';
import { openPrivateFolder } from '../../cluster/index.ts';
import { type ClusterOptions, clusterFlags } from '../options/cluster-options.ts';

/** The file in the folder; beside it, `node-1.items` and so on while the cluster is stopped. */
const FILE = 'cluster.json';
const FORMAT = 1;
/** The options that decide which node has a key. */
const PLACEMENT = ['nodes', 'port', 'host', 'advertise'] as const;

type Placement = Readonly<Record<(typeof PLACEMENT)[number], string>>;

interface StateFile {
  readonly format: typeof FORMAT;
  readonly placement: Placement;
  /** The version of the topology. */
  readonly clusterVersion: number;
  /** The admin ports by the names of the nodes. */
  readonly adminPorts: Readonly<Record<string, number>>;
}

/** The folder of a stopped cluster, or of one that will run. */
export class ClusterState {
  /** An absolute path. */
  readonly folder: string;
  #file: StateFile | undefined;

  /** @throws {CodedError} `ERR_STATE_FOLDER` */
  constructor(folder: string) {
    this.folder = openPrivateFolder(resolve(folder));
    this.#file = readState(this.folder);
  }

  get clusterVersion(): number | undefined {
    return this.#file?.clusterVersion;
  }

  get adminPorts(): StateFile['adminPorts'] {
    return this.#file?.adminPorts ?? {};
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
    if (changed.length === 0) return;
    const texts = changed.map((name) => `--${name} ${wanted[name]} (it was ${kept[name]})`);
    throw new CodedError(
      'ERR_USAGE',
      `The folder ${this.folder} keeps a cluster with other nodes: ${texts.join(', ')}. Leave ` +
        'these options out to start it again, name another folder, or delete this one to begin ' +
        'without items.',
    );
  }

  /** @throws {CodedError} `ERR_STATE_FOLDER` */
  write(options: ClusterOptions, facts: Pick<StateFile, 'clusterVersion' | 'adminPorts'>): void {
    this.#file = { format: FORMAT, placement: placementOf(options), ...facts };
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
export function withKeptPlacement(sources: Sources): Sources {
  const { state } = resolveOptions({ state: clusterFlags.state }, onlyState(sources));
  const kept = state === '' ? undefined : readState(resolve(state))?.placement;
  if (kept === undefined) return sources;
  const given: Record<string, readonly string[]> = { ...sources.given };
  for (const name of PLACEMENT) {
    const isSet = envNames(name, clusterFlags[name]).some((each) => sources.env?.[each]);
    if (given[name] === undefined && !isSet && kept[name] !== '') given[name] = [kept[name]];
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
    if (file.format === FORMAT && PLACEMENT.every((name) => isText(file.placement[name]))) {
      return file;
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw cause;
  }
  throw stateError(
    `${path} is not the state of a cluster of this version: delete it to begin without items.`,
  );
}

const isText = (value: unknown): boolean => typeof value === 'string';

function stateError(message: string, cause?: unknown): CodedError {
  return new CodedError('ERR_STATE_FOLDER', message, { cause });
}
