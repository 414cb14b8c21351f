import { formatAddress, parseAddress, TopologyError } from '../../../topology/index.ts';

interface EtcdEndpoints {
  /** `host:port` of each. */
  readonly endpoints: readonly string[];
  readonly hasTls: boolean;
  /** The name of a cluster in it; empty if the address has none. */
  readonly cluster: string;
}

const PORT_DEFAULT = 2379;
const ENDPOINTS_MAX = 16;
const URL_FORM = /^etcd(s?):\/\/([^/]+)(?:\/([\w.-]*))?$/;

/**
 * Reads `etcd://host:2379,host:2379/name`, or `etcds://` for TLS; without a port it is 2379.
 * @throws {TopologyError} if the text is none of these.
 */
export function etcdEndpoints(url: string): EtcdEndpoints {
  const [, secure, list, cluster = ''] = URL_FORM.exec(url) ?? [];
  if (list === undefined) {
    throw new TopologyError(`"${url}" is no address of etcd: write etcd://host:2379,host:2379.`);
  }
  const endpoints = list.split(',').map(endpointOf);
  if (endpoints.length > ENDPOINTS_MAX) {
    throw new TopologyError(`"${url}" has more than ${ENDPOINTS_MAX} endpoints.`);
  }
  return { endpoints, hasTls: secure === 's', cluster };
}

function endpointOf(text: string): string {
  const address = parseAddress(text);
  if ('path' in address) throw new TopologyError(`"${text}" is no host:port of etcd.`);
  return formatAddress({ host: address.host, port: address.port ?? PORT_DEFAULT });
}
