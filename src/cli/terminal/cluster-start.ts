/** What `slabring cluster` tells about its nodes: to a terminal at the start, else to its log. */
import type { ProcessLog } from '../../base/index.ts';
import type { NodeEvent } from '../../cluster/index.ts';
import { packageVersion } from '../../node/index.ts';
import { formatAddress } from '../../topology/index.ts';
import type { Host } from '../process/host.ts';
import { type ClusterRow, clusterJson, clusterPage, countText } from './cluster-page.ts';
import { type AccessOptions, nextCommands } from './next-steps.ts';

/** A terminal shows the start as a page; elsewhere it is in the log, a line for each node. */
export function showStart(
  rows: readonly ClusterRow[],
  options: AccessOptions & { readonly json: boolean },
  host: Host,
  log: ProcessLog,
): void {
  const hasPage = host.columns !== undefined && !options.json;
  if (options.json) host.out(clusterJson(rows));
  else if (hasPage) host.out(clusterPage(rows, options, nextCommands(rows, options, host)));
  const isShown = host.terminal !== undefined && hasPage;
  if (!isShown) announceRows(rows, log, hasPage || options.json ? undefined : host.out);
}

function announceRows(
  rows: readonly ClusterRow[],
  log: ProcessLog,
  write?: (line: string) => void,
): void {
  for (const row of rows) {
    const { name, host, port, pid, ...facts } = row;
    const address = formatAddress({ host, port });
    const origin = { node: name, nodePort: port, address, nodePid: pid };
    const text = `listens on ${address} (${processText(row)})`;
    log.announce({ ...origin, ...facts }, text, write);
  }
  const text = `slabring ${packageVersion()}: ${countText(rows.length)}`;
  log.announce({ nodes: rows.length }, text, write);
}

const processText = ({ pid, adminUrl }: Pick<ClusterRow, 'pid' | 'adminUrl'>): string =>
  adminUrl === undefined ? `pid ${pid}` : `pid ${pid}, admin port ${adminUrl}`;

/** Logs an event of a node that listens on this port. */
export function logEvent(event: NodeEvent, port: number, log: ProcessLog): void {
  const origin = { node: event.name, nodePort: port };
  switch (event.kind) {
    case 'died': {
      const { end, delayMs } = event;
      log.error({ ...origin, end, delayMs }, `ended by ${end}; it restarts in ${delayMs} ms`);
      break;
    }
    case 'listening': {
      const { pid, adminUrl } = event;
      const text = `has restarted and listens (${processText(event)})`;
      log.announce({ ...origin, nodePid: pid, adminUrl }, text);
      break;
    }
    case 'restarting':
      log.announce(origin, event.keepsItems ? 'restarts with its items' : 'restarts');
      break;
    case 'restart-failed':
      log.error(origin, `did not restart: ${event.reason}`);
      break;
    case 'line':
      log.pass(event.line, { name: event.name, port });
      break;
  }
}
