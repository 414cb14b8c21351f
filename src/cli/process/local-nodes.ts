import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodedError, resolveOptions, type ValuesOf } from '../../base/index.ts';
import { readCommandLine } from '../options/command-line.ts';
import { defineVerb } from '../verb.ts';
import { asServeOptions, proxyFlags } from '../verbs/proxy-flags.ts';
import { serveFlags } from '../verbs/serve-flags.ts';

/** A node that runs on this machine, with the options of its process. */
export interface LocalNode {
  readonly pid: number;
  readonly options: ValuesOf<typeof serveFlags>;
  /** The absolute path of a file that its options name. */
  readonly pathOf: (path: string) => string;
}

/** Linux lists the processes here. */
const PROCESSES = '/proc';
/** The program in a command line: from the sources, from a package, or as npm links it. */
const PROGRAM = /(?:^|\/)(?:cli\/main\.[jt]s|slabring(?:\.js)?)$/;

/** The verbs that run a node, as far as they read a command line. */
const UNUSED = { summary: '', description: '', examples: [], run: async () => 0 };
const SERVE = defineVerb({ ...UNUSED, name: 'serve', flags: serveFlags });
const PROXY = defineVerb({ ...UNUSED, name: 'proxy', flags: proxyFlags });

/**
 * The nodes that run in this container or on this machine, in the order of their process ids. It
 * reads their command lines and environments, so it knows options that no file has.
 * @throws {CodedError} `ERR_USAGE` where the system does not show processes.
 */
export function localNodes(folder = PROCESSES): readonly LocalNode[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    const message = `--local needs ${folder}, which only Linux has: name the node with --port.`;
    throw new CodedError('ERR_USAGE', message, { cause });
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  return pids.toSorted((a, b) => a - b).flatMap((pid) => localNode(folder, pid) ?? []);
}

function localNode(folder: string, pid: number): LocalNode | undefined {
  const file = (name: string): string => join(folder, String(pid), name);
  const args = argumentsOf(wordsIn(file('cmdline')));
  if (args === undefined || !sharesNetwork(folder, pid)) return undefined;
  try {
    const invocation = readCommandLine(args, [SERVE, PROXY]);
    if (invocation.kind !== 'run') return undefined;
    const env = environmentIn(file('environ'));
    const sources = { given: invocation.given, env };
    const cwd = linkIn(file('cwd')) ?? '/';
    return {
      pid,
      options:
        invocation.verb === PROXY
          ? asServeOptions(resolveOptions(proxyFlags, sources))
          : resolveOptions(serveFlags, sources),
      pathOf: (path) => resolve(cwd, path),
    };
  } catch (error) {
    // Another verb, or a node that is about to refuse its options.
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

/** What follows the program in a command line; undefined for other programs. */
function argumentsOf(words: readonly string[]): readonly string[] | undefined {
  const at = words.findIndex((word) => PROGRAM.test(word));
  const args = words.slice(at + 1);
  return at < 0 || args.length === 0 ? undefined : args;
}

/** A process in another network namespace (a container) listens elsewhere. */
function sharesNetwork(folder: string, pid: number): boolean {
  const own = linkIn(join(folder, 'self/ns/net'));
  const other = linkIn(join(folder, String(pid), 'ns/net'));
  return own === undefined || other === undefined || own === other;
}

/** The variables of a process; those of this one if the system does not show them. */
function environmentIn(path: string): Readonly<Record<string, string | undefined>> {
  const words = wordsIn(path);
  if (words.length === 0) return process.env;
  const pairs = words.map((word) => /^([^=]*)=(.*)$/s.exec(word)?.slice(1) ?? [word, '']);
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** The words of a file that ends each with a NUL; none if it cannot be read. */
function wordsIn(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

function linkIn(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
