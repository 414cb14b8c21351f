import { extname } from 'node:path';
import { sizeText } from '../base/index.ts';
import type { NodeEvent } from '../cluster/index.ts';
import { asSentence } from '../server/index.ts';
import { columns } from './columns.ts';
import { packageVersion } from './version.ts';

/** What runs where. */
export interface ClusterRow {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

export function asJson(rows: readonly ClusterRow[]): string {
  return JSON.stringify({ nodes: rows });
}

/** The page that greets a person: what runs where, and what to try next. */
export function asPage(rows: readonly ClusterRow[]): string {
  const cells = rows.map(({ name, host, port, pid, memoryLimitBytes, threads }) => {
    return [name, `${host}:${port}`, `${pid}`, sizeText(memoryLimitBytes), `${threads}`];
  });
  const count = rows.length === 1 ? '1 node is' : `${rows.length} nodes are`;
  return [
    `slabring ${packageVersion()}: ${count} up.`,
    '',
    columns([['node', 'address', 'pid', 'memory', 'threads'], ...cells], '   '),
    '',
    tryNext(rows),
    '',
    'Ctrl-C stops all nodes.',
  ].join('\n');
}

function tryNext(rows: readonly ClusterRow[]): string {
  const { host, port } = rows[0]!;
  const nodes = rows.map((row) => `'${row.host}:${row.port}'`).join(', ');
  const door = extname(import.meta.url) === '.ts' ? './src/client.ts' : 'slabring';
  return [
    'Try next, in another terminal:',
    `  printf 'version\\r\\nquit\\r\\n' | nc ${host} ${port}`,
    '',
    'From Node.js:',
    `  import { createClient } from '${door}';`,
    `  const cache = createClient({ nodes: [${nodes}] });`,
    "  await cache.set('greeting', 'hello');",
    "  console.log(await cache.get('greeting'));",
    '  await cache.close();',
  ].join('\n');
}

/** What happened to a node, as one line. */
export function eventText(event: NodeEvent): string {
  switch (event.kind) {
    case 'died':
      return `${event.name} ended by ${event.how}; it starts again in ${event.delayMs} ms.`;
    case 'listening':
      return `${event.name} listens again (pid ${event.pid}).`;
    case 'restart-failed':
      return `${event.name} could not start again: ${event.why}`;
    case 'line':
      return `${event.name} | ${logLine(event.line)}`;
  }
}

/** A node's log is JSON where it is not on a terminal; a crash of the runtime is plain text. */
function logLine(line: string): string {
  try {
    return asSentence(line);
  } catch {
    return line;
  }
}
