/** Connects the admin port with the node of this process. */
import { resolve } from 'node:path';
import { LOG_LEVELS, type ProcessLog, type ValuesOf } from '../../base/index.ts';
import { type RunningNode, readTlsOptions, requiresLogin, SLOW_MS_MAX } from '../../node/index.ts';
import type { AdminRecord, AdminServer } from '../../ops/index.ts';
import { parseClusterNode } from '../../protocol/index.ts';
import { formatAddress, isEveryInterface } from '../../topology/index.ts';
import { NO_ADMIN_PORT } from '../options/admin-options.ts';
import type { serveFlags } from '../verbs/serve-flags.ts';
import type { Host } from './host.ts';
import type { NodeJoin } from './membership.ts';

/** The admin port of a node. */
export interface AdminPort {
  readonly url: string;
  /** Shows this node, and takes its actions. */
  attach(node: AdminNode, join: Pick<NodeJoin, 'limitEcpu'>): void;
  reload(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What the admin port reads and changes. */
export type AdminNode = Pick<RunningNode, 'control' | 'view' | 'measureThreads' | 'setLogLevel'> &
  Pick<RunningNode, 'runGuest' | 'addresses' | 'checkThreads'>;

/** Opens the admin port that the options name; undefined if they name none. */
export async function openAdminPort(
  options: ValuesOf<typeof serveFlags>,
  log: ProcessLog,
  env: Host['env'],
): Promise<AdminPort | undefined> {
  const { adminPort, adminHost, adminTokenFile, adminTls } = options;
  if (adminPort === NO_ADMIN_PORT) return undefined;
  // Nodes without an admin port do not load an HTTP server.
  const ops = await import('../../ops/index.ts');
  const server = await ops.AdminServer.open(
    {
      port: adminPort,
      host: adminHost,
      tokenFile: adminTokenFile,
      readTls:
        adminTls === 'off'
          ? undefined
          : // With TLS, the node itself warns of its key.
            (own) =>
              readTlsOptions(options, adminTls === 'mutual', options.enableSsl ? undefined : own),
      needsCertificate: adminTls === 'mutual',
      requiresLogin: requiresLogin(options),
    },
    log,
  );
  let forget: (() => void) | undefined;
  return {
    url: server.url,
    attach: (node, { limitEcpu }) => {
      void node.measureThreads();
      const actions = {
        memory: ops.memoryAction(node.control),
        drain: ops.drainAction(() => void node.control.stop(true)),
        rotate: ops.rotateAction(node.control, () => server.reload()),
        'slow-ms': ops.slowAction(node.control, SLOW_MS_MAX),
        'log-level': ops.logLevelAction(LOG_LEVELS, node.setLogLevel),
        ...(limitEcpu !== undefined && { 'ecpu-limit': ops.ecpuLimitAction(limitEcpu) }),
      };
      const name = options.unixSocket || `port ${options.port}`;
      server.attach(node, actions, new ops.SnapshotRoutes(node.runGuest, node.control, name));
      forget = ops.writeRecord(recordOf(server, node, options), env);
      if (forget === undefined) log.warn({}, NO_RECORD);
    },
    reload: () => server.reload(),
    close: () => {
      forget?.();
      return server.close();
    },
  };
}

const NO_RECORD =
  'commands of this machine do not find the admin port by themselves: there is no folder that ' +
  'only the user of the node can open (XDG_RUNTIME_DIR, or the one for temporary files)';

function recordOf(
  { port, url, ownToken }: AdminServer,
  { addresses }: AdminNode,
  { adminHost, adminTokenFile, clusterNodes }: ValuesOf<typeof serveFlags>,
): AdminRecord {
  const nodes = addresses.map((each) => (each.kind === 'unix' ? each.path : formatAddress(each)));
  const isOpen = isEveryInterface(adminHost);
  return {
    pid: process.pid,
    url: isOpen ? `${new URL(url).protocol}//127.0.0.1:${port}` : url,
    nodes,
    cluster: clusterNodes.map((each) => formatAddress(parseClusterNode(each))),
    ...(ownToken === undefined ? {} : { token: ownToken }),
    ...(adminTokenFile === '' ? {} : { tokenFile: resolve(adminTokenFile) }),
  };
}
