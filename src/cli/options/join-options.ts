/** The options by which a node joins a cluster. */
import { choice, flag, integer, type Rule, text } from '../../base/index.ts';
import { etcdEndpoints } from '../../cluster/index.ts';
import { parseAddress, REPLICAS_MAX, TopologyError } from '../../topology/index.ts';

/** The node is told who it is by the process that started it: `slabring cluster`. */
export const BY_SUPERVISOR = 'supervisor';

/** How to reach etcd, for nodes and for `slabring nodes`. */
export const etcdFlags = {
  joinCa: text({
    placeholder: '<file>',
    doc: 'Certificate authority of etcd, a PEM file; default: those of Node.js. Implies TLS.',
  }),
  joinCert: text({
    placeholder: '<file>',
    doc: 'Certificate that etcd asks clients for, a PEM file. Implies TLS.',
  }),
  joinKey: text({ placeholder: '<file>', doc: 'Private key of --join-cert, a PEM file.' }),
  joinLoginFile: text({
    placeholder: '<file>',
    doc: 'File with the user and the password for etcd, as one line user:password.',
  }),
};

/** What each node of a cluster does, also of `slabring cluster`. */
export const copyFlags = {
  replicaReads: flag({
    doc:
      'Answer a get of a key of another node by the copy that this node holds. Equal on all ' +
      'nodes of the cluster.',
  }),
};

export const joinFlags = {
  join: text({
    placeholder: '<membership>',
    doc:
      'Join a cluster, and follow its topology. etcd://host:port,host:port: a cluster on many ' +
      'machines, which etcd 3.4 or newer keeps; etcds:// with TLS. supervisor: the cluster of ' +
      'the parent process, slabring cluster.',
  }),
  cluster: text({
    env: 'SLABRING_CLUSTER_NAME',
    placeholder: '<name>',
    doc: 'Name of the cluster in etcd: letters, digits, ".", "_" and "-".',
  }),
  nodeName: text({
    placeholder: '<name>',
    doc:
      'Name of this node in the cluster, which it keeps over restarts; default: the name of the ' +
      'machine, with the port unless it is 11211.',
  }),
  advertise: text({
    placeholder: '<host:port>',
    doc:
      'Address by which clients and the other nodes reach this one; default: the first address ' +
      'of -l (--listen) that is not every interface, else of the machine, and the port.',
  }),
  peerPort: integer({
    default: 0,
    min: 0,
    max: 65_535,
    doc: 'Port for the other nodes of the cluster; with 0 the kernel chooses a free one.',
  }),
  zone: text({
    placeholder: '<zone>',
    doc:
      'Zone of this node: the nodes that hold a key are in different zones, if there are ' +
      'enough of them.',
  }),
  weight: integer({
    default: 1,
    min: 0,
    max: 1000,
    doc: 'Share of the keys beside the other nodes; 0 holds none (a proxy).',
  }),
  replicas: integer({
    default: 1,
    min: 1,
    max: REPLICAS_MAX,
    doc: 'Number of nodes that hold each key, when this node begins the cluster in etcd.',
  }),
  replication: choice({
    words: ['sync', 'async'],
    default: 'sync',
    doc: 'When a change is acknowledged, when this node begins the cluster in etcd.',
  }),
  leaseSeconds: integer({
    default: 3,
    min: 3,
    max: 60,
    doc:
      'After a failure of a node, others answer for its keys within about this time. Equal on ' +
      'all nodes of the cluster.',
  }),
  clusterSecretFile: text({
    placeholder: '<file>',
    doc:
      'File with the secret of the cluster, equal on all nodes; default: the first node writes a ' +
      'random one to etcd.',
  }),
  ...copyFlags,
  ...etcdFlags,
};

type JoinRule = Rule<typeof joinFlags>;

/** As in a topology. */
const NAME = /^[\w.-]{1,64}$/;

/** Why a URL of etcd is not valid; undefined if it is. */
function whyNoEtcdUrl(url: string): string | undefined {
  try {
    etcdEndpoints(url);
    return undefined;
  } catch (error) {
    if (error instanceof TopologyError) return error.message;
    throw error;
  }
}

const membershipRule: JoinRule = ({ join }) => {
  if (join === '' || join === BY_SUPERVISOR) return undefined;
  const reason = whyNoEtcdUrl(join);
  return reason && `--join is ${join}; it must be etcd://host:port or ${BY_SUPERVISOR}: ${reason}`;
};

const nameRule: JoinRule = ({ join, cluster, nodeName, zone }) => {
  if (!join.startsWith('etcd')) return undefined;
  if (cluster === '') return '--join needs the name of the cluster: add --cluster <name>.';
  const names = { '--cluster': cluster, '--node-name': nodeName, '--zone': zone };
  for (const [flag, name] of Object.entries(names)) {
    const text = 'it must be 1 to 64 letters, digits, ".", "_" or "-"';
    if (name !== '' && !NAME.test(name)) return `${flag} is ${name}; ${text}.`;
  }
  return undefined;
};

const advertiseRule: JoinRule = ({ advertise }) => {
  if (advertise === '') return undefined;
  try {
    if (!('path' in parseAddress(advertise))) return undefined;
  } catch {}
  return `--advertise is ${advertise}; it must be host:port or a host.`;
};

export const joinRules: readonly JoinRule[] = [
  membershipRule,
  nameRule,
  advertiseRule,
  ({ joinCert, joinKey }) =>
    (joinCert === '') === (joinKey === '')
      ? undefined
      : '--join-cert and --join-key belong together: give both.',
];
