/** Memcached's text protocol, as far as the clients of a simulated cluster speak it. */
import type { KeyOperation, KeyReply, KeyRequest } from './history.ts';

export function textOf(keys: readonly string[], request: KeyRequest): string {
  const [key] = keys;
  switch (request.kind) {
    case 'get':
      return `gets ${keys.join(' ')}\r\n`;
    case 'peek':
      return `get ${keys.join(' ')}\r\n`;
    case 'set':
      return `set ${key} 0 ${request.ttl} ${request.value.length}\r\n${request.value}\r\n`;
    case 'add':
      return `add ${key} 0 0 ${request.value.length}\r\n${request.value}\r\n`;
    case 'cas':
      return `cas ${key} 0 0 ${request.value.length} ${request.id}\r\n${request.value}\r\n`;
    case 'incr':
      return `incr ${key} ${request.by}\r\n`;
    case 'delete':
      return `delete ${key}\r\n`;
    case 'flush':
      return 'flush_all\r\n';
    default:
      throw new Error(`no client asks for ${request.kind}`);
  }
}

/** The end of the first reply, which is one to this request; 0 if it is not whole. */
export function repliesIn(text: string, { kind }: KeyRequest): number {
  if (kind !== 'get' && kind !== 'peek') return endOfLine(text);
  // A get of several keys may fail behind the values of the first ones.
  const end = /(^|\r\n)(END|SERVER_ERROR [^\r]*)\r\n/.exec(text);
  return end === null ? 0 : end.index + end[0].length;
}

const endOfLine = (text: string): number => (text.includes('\r\n') ? text.indexOf('\r\n') + 2 : 0);

/** What a reply without an error says of one key. */
export function replyOf({ key, request }: KeyOperation, reply: string): KeyReply {
  if (request.kind === 'get' || request.kind === 'peek') {
    const hit = new RegExp(`^VALUE ${key} 0 \\d+ ?(\\d*)\\r\\n(\\w+) *\\r\\n`, 'm').exec(reply);
    return hit === null ? { kind: 'miss' } : { kind: 'hit', value: hit[2]!, id: hit[1]! };
  }
  const line = reply.trim();
  if (line === 'STORED' || line === 'DELETED' || line === 'OK') return { kind: 'done' };
  if (line === 'NOT_FOUND') return { kind: 'miss' };
  if (line === 'EXISTS' || line === 'NOT_STORED') return { kind: 'exists' };
  if (/^\d+$/.test(line)) return { kind: 'number', value: line };
  throw new Error(`unexpected reply: ${line}`);
}
