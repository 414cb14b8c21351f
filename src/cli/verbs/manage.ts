import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CodedError,
  count,
  flag,
  integer,
  isLoopback,
  type Logger,
  type Rule,
  text,
  type ValuesOf,
} from '../../base/index.ts';
import type { Manager } from '../../control/index.ts';
import { defaultServerOptions, packageVersion, readTlsOptions } from '../../node/index.ts';
import { logFlags } from '../options/log-options.ts';
import { EXIT, signalExitCode } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { runWithLog } from '../process/log.ts';
import { listenForStop } from '../process/stop-request.ts';
import { manageText } from '../terminal/manage-page.ts';
import { defineVerb } from '../verb.ts';

export const dataFlag = text({
  default: 'slabring-data',
  placeholder: '<folder>',
  doc: 'Folder that keeps what is wanted (slabring.db), and the clusters with their items.',
});

const manageFlags = {
  data: dataFlag,
  port: integer({
    short: 'p',
    default: 8899,
    min: 0,
    max: 65_535,
    doc: 'TCP port of the API; 0: a free one.',
  }),
  host: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: 'Address that the API listens on.',
  }),
  tlsCert: text({
    placeholder: '<file>',
    doc:
      'Certificate of the API and the console, a PEM file with its chain: both are HTTPS then. ' +
      'SIGHUP reads it again.',
  }),
  tlsKey: text({ placeholder: '<file>', doc: 'Its private key, a PEM file.' }),
  nodeHost: text({
    default: '127.0.0.1',
    placeholder: '<addr>',
    doc: 'Address that the nodes of the clusters listen on, as clients know it.',
  }),
  firstPort: integer({
    default: 12_000,
    min: 1,
    max: 60_000,
    doc: 'First port of the nodes; each cluster gets 64 ports, unless it asks for others.',
  }),
  nodesMax: integer({
    default: 60,
    min: 1,
    max: 64,
    doc: 'The most nodes of a cluster.',
  }),
  region: text({
    default: 'local',
    placeholder: '<name>',
    doc: 'Name of the region, in ARNs and zones. Requests may name any region.',
  }),
  noAuth: flag({
    isCommandLineOnly: true,
    doc: 'Answer requests without a signature. Only on loopback: everybody may do everything.',
  }),
  verbosity: count({
    short: 'v',
    long: 'verbose',
    max: 1,
    doc: 'Log each step of a cluster, too.',
  }),
  ...logFlags,
};

type ManageOptions = ValuesOf<typeof manageFlags>;

const onlyHere: Rule<typeof manageFlags> = ({ noAuth, host }) =>
  noAuth && !isLoopback(host)
    ? `--no-auth lets everybody who reaches ${host} do everything: use it only on 127.0.0.1.`
    : undefined;

const aName: Rule<typeof manageFlags> = ({ region }) =>
  /^[a-z0-9-]{1,32}$/.test(region)
    ? undefined
    : `--region is ${region}; it must be 1 to 32 lower-case letters, digits or hyphens.`;

const bothFiles: Rule<typeof manageFlags> = ({ tlsCert, tlsKey }) =>
  (tlsCert === '') === (tlsKey === '')
    ? undefined
    : 'HTTPS needs both: --tls-cert <file> and --tls-key <file>.';

/** `slabring manage` */
export const manageVerb = defineVerb({
  name: 'manage',
  summary: "run clusters by ElastiCache's own API: aws, the SDKs and Terraform work with it",
  description:
    "Answers the API of Amazon ElastiCache on this machine. AWS's command line and SDKs, boto3 " +
    'and Terraform create, scale, reboot and delete real clusters with it; only the endpoint ' +
    'changes. The items move before a node goes, so no change loses one. Ctrl-C stops all ' +
    'clusters; the next start has them again, with their items.\n' +
    'The first start makes an access key and shows it once; `slabring manage keys` makes others.',
  flags: manageFlags,
  rules: [onlyHere, aName, bothFiles],
  hasLog: true,
  examples: [
    { command: 'slabring manage', effect: 'the API on 127.0.0.1:8899, data in ./slabring-data' },
    { command: 'slabring manage --no-auth', effect: 'for tests: any access key will do' },
    {
      command: 'slabring manage --host 0.0.0.0 --tls-cert api.pem --tls-key api.key',
      effect: 'HTTPS, for other machines',
    },
    { command: 'slabring manage --data /var/lib/slabring --port 8000', effect: 'elsewhere' },
  ],
  run: (options, host) => runWithLog(options, host, (log) => manage(options, host, log)),
});

async function manage(
  options: ManageOptions,
  host: Host,
  log: Parameters<Parameters<typeof runWithLog>[2]>[0],
): Promise<number> {
  const stop = listenForStop(host);
  // Other verbs need neither it nor SQLite.
  const { Manager: managers } = await import('../../control/index.ts');
  let reload = (): void => {};
  const onHangUp = (): void => reload();
  host.events.on('SIGHUP', onHangUp);
  try {
    if (options.noAuth) log.warn({}, `Without signatures everybody on ${options.host} may do all.`);
    if (!isLoopback(options.host) && options.tlsCert === '') log.warn({}, openText(options.host));
    const manager: Manager = await managers.open(
      {
        ...options,
        version: packageVersion(),
        needsSignature: !options.noAuth,
        readTls: tlsReader(options, log),
        limits: {
          nodesPerClusterMax: options.nodesMax,
          firstPort: options.firstPort,
          host: options.nodeHost,
        },
        program: PROGRAM,
        env: nodeEnvironment(host),
      },
      log,
    );
    if (options.tlsCert !== '') reload = () => void reloadCertificate(manager, log);
    host.out(manageText(manager, options));
    log.info({ url: manager.url }, 'the API is listening');
    const reason = await stop.requested;
    log.announce({ reason }, 'stopping the API and all clusters');
    const closed = manager.close().then(() => EXIT.ok);
    return await Promise.race([closed, stop.forced.then(signalExitCode)]);
  } finally {
    host.events.off('SIGHUP', onHangUp);
    stop.dispose();
  }
}

const openText = (host: string): string =>
  `Requests to ${host} are not encrypted: who can read the network can read what they carry. ` +
  'Add --tls-cert and --tls-key.';

/** As a node reads its certificate. */
function tlsReader({ tlsCert, tlsKey }: ManageOptions, log: Logger) {
  if (tlsCert === '') return undefined;
  const files = { ...defaultServerOptions(), sslChainCert: tlsCert, sslKey: tlsKey };
  return () => readTlsOptions(files, false, log);
}

async function reloadCertificate(manager: Manager, log: Logger): Promise<void> {
  try {
    await manager.reload();
    log.info({}, 'read the certificate again');
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    log.warn({ code: error.code }, `kept the previous certificate: ${error.message}`);
  }
}

const PROGRAM = [
  process.execPath,
  fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url)),
];

/** Clusters take their options from their command lines only. */
const nodeEnvironment = ({ env }: Host): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('SLABRING_')));
