import { extname } from 'node:path';
import { formatSize } from '../base/index.ts';
import type { NodeEvent } from '../cluster/index.ts';
import { asSentence } from '../node/index.ts';
import { formatAddress } from '../topology/index.ts';
import { columns } from './columns.ts';
import { packageVersion } from './version.ts';

/** One running node: a row of the table. */
export interface ClusterRow {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly memoryLimitBytes: number;
  readonly threads: number;
}

export function clusterJson(rows: readonly ClusterRow[]): string {
  return JSON.stringify({ nodes: rows });
}

/** The text printed after the start: the table of nodes, and commands to try next. */
export function clusterPage(rows: readonly ClusterRow[]): string {
  const cells = rows.map(({ name, host, port, pid, memoryLimitBytes, threads }) => {
    return [
      name,
      formatAddress({ host, port }),
      `${pid}`,
      formatSize(memoryLimitBytes),
      `${threads}`,
    ];
  });
  const subject = rows.length === 1 ? '1 node is' : `${rows.length} nodes are`;
  return [
    `slabring ${packageVersion()}: ${subject} up.`,
    '',
    columns([['node', 'address', 'pid', 'memory', 'threads'], ...cells], '   '),
    '',
    nextSteps(rows),
    '',
    'Ctrl-C stops all nodes.',
  ].join('\n');
}

function nextSteps(rows: readonly ClusterRow[]): string {
  const { host, port } = rows[0]!;
  const nodes = rows.map((row) => `'${formatAddress(row)}'`).join(', ');
  const clientModule = extname(import.meta.url) === '.ts' ? './src/client.ts' : 'slabring';
  return [
    'Try next, in another terminal:',
    `  printf 'version\\r\\nquit\\r\\n' | nc ${host} ${port}`,
    '',
    'From Node.js:',
    `  import { createClient } from '${clientModule}';`,
    `  const cache = createClient({ nodes: [${nodes}] });`,
    "  await cache.set('greeting', 'hello');",
    "  console.log(await cache.get('greeting'));",
    '  await cache.close();',
  ].join('\n');
}

/** One event of a node as a line of text. */
export function eventText(event: NodeEvent): string {
  switch (event.kind) {
    case 'died':
      return `${event.name} ended by ${event.end}; it restarts in ${event.delayMs} ms.`;
    case 'listening':
      return `${event.name} has restarted and listens (pid ${event.pid}).`;
    case 'restart-failed':
      return `${event.name} did not restart: ${event.reason}`;
    case 'line':
      return `${event.name} | ${readableLogLine(event.line)}`;
  }
}

/** A node writes its log as JSON when it has no terminal; a crash of Node.js writes plain text. */
function readableLogLine(line: string): string {
  try {
    return asSentence(line);
  } catch {
    return line;
  }
}
