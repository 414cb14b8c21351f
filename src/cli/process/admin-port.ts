/** Connects the admin port with the node of this process. */
import { LOG_LEVELS, type Logger, type ValuesOf } from '../../base/index.ts';
import { type RunningNode, readTlsOptions } from '../../node/index.ts';
import { actionsRefusalOf, NO_ADMIN_PORT } from '../options/admin-options.ts';
import type { serveFlags } from '../verbs/serve-flags.ts';

/** The admin port of a node. */
export interface AdminPort {
  readonly url: string;
  /** Shows this node, and takes its actions. */
  attach(node: AdminNode): void;
  reload(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What the admin port reads and changes. */
export type AdminNode = Pick<RunningNode, 'control' | 'view' | 'measureThreads' | 'setLogLevel'> &
  Pick<RunningNode, 'runGuest'>;

/** Opens the admin port that the options name; undefined if they name none. */
export async function openAdminPort(
  options: ValuesOf<typeof serveFlags>,
  log: Logger,
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
        adminTls === 'off' ? undefined : () => readTlsOptions(options, adminTls === 'mutual'),
      actionsRefusal: actionsRefusalOf(options),
    },
    log,
  );
  return {
    url: server.url,
    attach: (node) => {
      void node.measureThreads();
      const actions = {
        memory: ops.memoryAction(node.control),
        drain: ops.drainAction(() => void node.control.stop(true)),
        rotate: ops.rotateAction(node.control, () => server.reload()),
        'log-level': ops.logLevelAction(LOG_LEVELS, node.setLogLevel),
      };
      const name = options.unixSocket || `port ${options.port}`;
      server.attach(node, actions, new ops.SnapshotRoutes(node.runGuest, name));
    },
    reload: () => server.reload(),
    close: () => server.close(),
  };
}
