import { visible } from '../../base/index.ts';
import type { Attachment } from '../../control/index.ts';
import { columns } from './columns.ts';
import { wrap } from './wrap.ts';

/** The lines of the largest tables; `--json` has all. */
const ROWS_MAX = 40;
const COLUMNS_MAX = 100;

/** What `slabring manage attach` prints before the snippet. */
export function attachPage(
  { catalog, strategies, parts, proposal }: Attachment,
  id: string,
  endpoint: string | undefined,
): string {
  const rows = strategies
    .slice(0, ROWS_MAX)
    .map(({ table, kind, ttl, expires, reason }, nth) => [
      visible([table.schema, table.name].filter((part) => part !== undefined).join('.')),
      String(table.rows),
      String(parts[nth]!.items),
      kind,
      visible(expires ?? (ttl === undefined ? '-' : `${ttl} s`)),
      visible(reason),
    ]);
  const more = strategies.length - rows.length + catalog.tablesLeftOut;
  const { nodes, nodeType, replicas } = proposal;
  const lines = [
    `${visible(catalog.name)}: ${strategies.length + catalog.tablesLeftOut} tables`,
    '',
    columns([['table', 'rows', 'cached', 'kind', 'lives', 'why'], ...rows]),
    ...(more === 0 ? [] : [`and ${more} more`]),
    '',
    `Proposed: ${nodes} nodes of ${nodeType}, ${replicas} copies of each key`,
    ...proposal.reasons.flatMap((reason) =>
      wrap(visible(reason), COLUMNS_MAX - 2).map((line, nth) => (nth === 0 ? '- ' : '  ') + line),
    ),
    '',
    ...(endpoint === undefined ? createLines(id, proposal) : [`${id} serves at ${endpoint}`]),
  ];
  return lines.join('\n');
}

const createLines = (id: string, { nodeType, nodes, replicas }: Attachment['proposal']) => [
  'Create it with --create, or with:',
  `  aws elasticache create-cache-cluster --cache-cluster-id ${id} --engine memcached \\`,
  `    --cache-node-type ${nodeType} --num-cache-nodes ${nodes} \\`,
  `    --tags Key=slabring:replicas,Value=${replicas}`,
];

/** The same for a program. */
export function attachJson(
  { catalog, strategies, parts, proposal }: Attachment,
  id: string,
  endpoint: string | undefined,
  snippet: string,
): string {
  const tables = strategies.map(({ table, kind, ttl, expires, isCached, reason }, nth) => ({
    ...{ schema: table.schema, name: table.name, key: table.key, rows: table.rows },
    ...{ use: table.use, kind, isCached, ttl, expires, reason, ...parts[nth] },
  }));
  const { name, kind, tablesLeftOut, useSeconds } = catalog;
  const database = { name, kind, tablesLeftOut, useSeconds };
  return JSON.stringify({ database, tables, proposal, clusterId: id, endpoint, snippet });
}
