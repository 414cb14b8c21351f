import { isIPv4 } from 'node:net';
import type { ClusterMember } from '../../commands/index.ts';
import { serverFlags } from './server-flags.ts';

/** Parses `host:port`, `host`, or ElastiCache's `host|ip|port`. */
export function memberOf(text: string): ClusterMember {
  const [host = '', ip = '', port = ''] = text.includes('|')
    ? text.split('|')
    : [text.replace(/:\d+$/, ''), '', /:(\d+)$/.exec(text)?.[1] ?? ''];
  const knownIp = ip === '' && isIPv4(host) ? host : ip;
  return { host, ip: knownIp, port: port === '' ? serverFlags.port.default : Number(port) };
}

/** The form of a node in `--cluster-nodes`. */
export const MEMBER_PATTERN = /^[^|:\s]+(:\d{1,5}|\|[0-9a-fA-F.:]*\|\d{1,5})?$/;
