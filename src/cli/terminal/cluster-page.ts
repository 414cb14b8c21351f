import { counted, formatSize } from '../../base/index.ts';
import { packageVersion } from '../../node/index.ts';
import { formatAddress } from '../../topology/index.ts';
import { columns } from './columns.ts';
import { type AccessOptions, accessNeeds, IS_CHECKOUT } from './next-steps.ts';

/** One running node: a row of the table. */
export interface ClusterRow {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly memoryLimitBytes: number;
  readonly threads: number;
  /** The address of its admin port; undefined without one. */
  readonly adminUrl?: string | undefined;
}

export function clusterJson(rows: readonly ClusterRow[]): string {
  return JSON.stringify({ nodes: rows });
}

export const countText = (nodes: number): string =>
  `${counted(nodes, 'node')} ${nodes === 1 ? 'is' : 'are'} up`;

/** The text printed after the start: the table of nodes, and the `commands` to try next. */
export function clusterPage(
  rows: readonly ClusterRow[],
  options: AccessOptions,
  commands: string,
): string {
  const hasAdmin = rows.some(({ adminUrl }) => adminUrl !== undefined);
  const cells = rows.map(({ name, host, port, pid, memoryLimitBytes, threads, adminUrl }) => {
    return [
      name,
      formatAddress({ host, port }),
      `${pid ?? '–'}`,
      formatSize(memoryLimitBytes),
      `${threads}`,
      ...(hasAdmin ? [adminUrl ?? '–'] : []),
    ];
  });
  const head = ['node', 'address', 'pid', 'memory', 'threads', ...(hasAdmin ? ['admin'] : [])];
  return [
    `slabring ${packageVersion()}: ${countText(rows.length)}.`,
    '',
    columns([head, ...cells], { gap: '   ' }),
    '',
    commands,
    '',
    example(rows, options),
    '',
    'Ctrl-C stops all nodes.',
  ].join('\n');
}

/** A program for the same nodes. */
function example(rows: readonly ClusterRow[], options: AccessOptions): string {
  const { ca, certificate, login } = accessNeeds(options);
  const files = [`ca: readFileSync('${ca}')`];
  if (certificate) files.push("cert: readFileSync('<file>')", "key: readFileSync('<file>')");
  const settings = [`nodes: [${quoted(rows.map((row) => formatAddress(row)))}]`];
  if (ca !== undefined) settings.push(`tls: { ${files.join(', ')} }`);
  if (login) settings.push("login: { username: '<name>', password: '<password>' }");
  return [
    IS_CHECKOUT
      ? 'From Node.js, in a file example.ts here that `npx node example.ts` runs:'
      : 'From Node.js:',
    ...(ca === undefined ? [] : ["  import { readFileSync } from 'node:fs';"]),
    `  import { createClient } from '${IS_CHECKOUT ? './src/client.ts' : 'slabring'}';`,
    ...(settings.length === 1
      ? [`  const cache = createClient({ ${settings[0]} });`]
      : ['  const cache = createClient({', ...settings.map((each) => `    ${each},`), '  });']),
    "  await cache.set('greeting', 'hello');",
    "  console.log(await cache.get('greeting'));",
    '  await cache.close();',
  ].join('\n');
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');
