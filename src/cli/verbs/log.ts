import {
  CodedError,
  choice,
  flag,
  integer,
  LOG_LEVELS,
  type LogLevel,
  list,
  type ValuesOf,
} from '../../base/index.ts';
import type { AdminClient } from '../admin/admin-client.ts';
import { adminClientFlags } from '../admin/admin-client-flags.ts';
import { adminTargets } from '../admin/admin-targets.ts';
import type { LineSource } from '../log/follow.ts';
import { followUntilEnd } from '../log/follow-until-end.ts';
import { linesOf } from '../log/lines.ts';
import { lineShower } from '../log/show-line.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { columns } from '../terminal/columns.ts';
import { defineVerb } from '../verb.ts';

/** After a reconnection, the lines that may have been missed. */
const LINES_AGAIN = 1000;

const logFlags = {
  follow: flag({ short: 'f', doc: 'Go on with the lines that come, until Ctrl-C.' }),
  lines: integer({
    short: 'n',
    default: 20,
    min: 0,
    max: 2000,
    doc: 'How many of the last lines of each node to show.',
  }),
  level: choice({
    words: LOG_LEVELS,
    default: 'trace',
    doc: 'Show lines of this level and of more important ones.',
  }),
  ...adminClientFlags,
  nodes: list({
    placeholder: '<node>',
    doc: 'Without --admin: the nodes of this machine, as clients name them.',
  }),
  json: flag({ doc: 'Print each line as a JSON object.' }),
};

type LogOptions = ValuesOf<typeof logFlags>;

/** `slabring log` */
export const logVerb = defineVerb({
  name: 'log',
  summary: 'show and follow the log of running nodes',
  description:
    'Shows the last lines of the logs of a node or of all nodes of a cluster, by their admin ' +
    'ports, and follows them. A node keeps its last lines of the levels error, warn and info, ' +
    'and of the others what its log shows. `slabring log level debug` sets what it shows, until ' +
    'it ends: error, warn, info, debug or trace.\n' +
    'A reader that is too slow costs the nodes nothing: it misses lines, and sees how many. ' +
    '`slabring watch` shows single requests, evictions and connections.\n' +
    'Exit code 0: all nodes replied, or Ctrl-C; 1: a node did not; 2: the command line is wrong.',
  parameters: ['[action]', '[level]'],
  flags: logFlags,
  examples: [
    { command: 'slabring log', effect: 'the last 20 lines of each local node' },
    { command: 'slabring log -f --level warn', effect: 'follow warnings and errors' },
    { command: 'slabring log -f --json | jq .msg', effect: 'for a program' },
    { command: 'slabring log --admin https://10.0.0.1:11212', effect: 'another machine' },
    { command: 'slabring log level debug', effect: 'show connections and logins from now on' },
  ],
  async run(options, host, [action, level]) {
    const wanted = action === undefined ? undefined : levelOf(action, level);
    const ports = await portsOf(options, options.nodes, host);
    if (wanted !== undefined) return setLevels(ports, wanted, options, host);
    const sources = ports.map((port) => sourceOf(port, options, host));
    return options.follow
      ? followUntilEnd(sources, options, host)
      : showAll(sources, options, host);
  },
});

interface NamedPort {
  readonly node: string;
  readonly client: AdminClient;
}

/** @throws {CodedError} `ERR_USAGE` if a node has no admin port that this user can use. */
async function portsOf(
  options: LogOptions,
  names: readonly string[],
  host: Host,
): Promise<readonly NamedPort[]> {
  const targets = await adminTargets(options, names, host);
  return targets.map(({ node, client }) => {
    if (client !== undefined) return { node: node || new URL(client.url).host, client };
    const text =
      `This user runs no node ${node} with an admin port on this machine. Name the admin ports ` +
      'with --admin, such as --admin http://127.0.0.1:11212.';
    throw new CodedError('ERR_USAGE', text);
  });
}

/** @throws {CodedError} `ERR_USAGE` for other words than `level` and a level. */
function levelOf(action: string, word: string | undefined): LogLevel {
  const level = LOG_LEVELS.find((each) => each === word);
  if (action === 'level' && level !== undefined) return level;
  const text = `Write slabring log level <level>; levels are ${LOG_LEVELS.join(', ')}.`;
  throw new CodedError('ERR_USAGE', text);
}

async function setLevels(
  ports: readonly NamedPort[],
  level: LogLevel,
  { json }: LogOptions,
  host: Host,
): Promise<number> {
  const acts = ports.map(({ client }) => client.act('log-level', { level }));
  const results = await Promise.allSettled(acts);
  const rows = results.map((result, at): [string, string] => {
    const { node } = ports[at]!;
    return [node, result.status === 'fulfilled' ? level : (result.reason as Error).message];
  });
  host.out(json ? JSON.stringify(Object.fromEntries(rows)) : columns(rows));
  return results.every(({ status }) => status === 'fulfilled') ? EXIT.ok : EXIT.failed;
}

/** The log of a node. A restarted node has another admin port, so it is looked up each time. */
function sourceOf({ node, client: first }: NamedPort, options: LogOptions, host: Host): LineSource {
  let lastTime = '';
  const now = async (): Promise<AdminClient> =>
    options.admin.length > 0 ? first : (await portsOf(options, [node], host))[0]!.client;
  async function* lines(isFirst: boolean, signal: AbortSignal): AsyncGenerator<string> {
    const client = isFirst ? first : await now();
    const query = { ...options, lines: isFirst ? options.lines : LINES_AGAIN };
    const since = lastTime;
    for await (const line of linesOf(await client.log(query, signal))) {
      const time = /"time":"([^"]+)"/.exec(line)?.[1] ?? '';
      if (time !== '' && time <= since) continue;
      if (time !== '') lastTime = time;
      yield line;
    }
  }
  const reasonOf = async (error: unknown): Promise<string> =>
    error instanceof CodedError ? error.message : 'it ended the connection';
  return { node, lines, reasonOf };
}

/** Shows the lines of all nodes in the order of their times. */
async function showAll(
  sources: readonly LineSource[],
  options: LogOptions,
  host: Host,
): Promise<number> {
  const show = lineShower(options, host);
  const never = new AbortController().signal;
  const read = async (source: LineSource) => {
    const lines: { readonly node: string; readonly line: string }[] = [];
    for await (const line of source.lines(true, never)) {
      if (line !== '') lines.push({ node: source.node, line });
    }
    return lines;
  };
  const results = await Promise.allSettled(sources.map(read));
  const lines = results.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
  const timeOf = (line: string): string => /"time":"([^"]+)"/.exec(line)?.[1] ?? '';
  lines.sort((a, b) => timeOf(a.line).localeCompare(timeOf(b.line)));
  for (const { node, line } of lines) await show(node, line);
  const failed = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  for (const { message } of failed as readonly Error[]) host.err(`slabring: ${message}`);
  return failed.length === 0 ? EXIT.ok : EXIT.failed;
}
