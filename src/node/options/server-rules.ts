import type { Rule } from '../../base/index.ts';
import { parseClusterNode } from '../../protocol/index.ts';
import { listenAddressOf } from '../../server/index.ts';
import { chainedItemBytesMax, PAGE_BYTES } from '../../store/index.ts';
import { TopologyError } from '../../topology/index.ts';
import { clusterNodesRefusal } from './cluster-nodes.ts';
import { chunkBytesMaxOf, requiresLogin } from './policies.ts';
import type { ServerOptions, serverFlags } from './server-flags.ts';

/** What a single option cannot check: rules over several options, and the forms of addresses. */
export const serverRules: readonly Rule<typeof serverFlags>[] = [
  ({ hotLruPct, warmLruPct }) =>
    hotLruPct + warmLruPct > 80
      ? `The sum of hot_lru_pct and warm_lru_pct is ${hotLruPct + warmLruPct}; the maximum is 80,` +
        ' so that COLD keeps 20.'
      : undefined,
  ({ maxItemSizeBytes, memoryLimitBytes }) =>
    maxItemSizeBytes * 2 > memoryLimitBytes
      ? `-I (--max-item-size) is ${maxItemSizeBytes} bytes, more than half of -m` +
        ` (--memory-limit), ${memoryLimitBytes} bytes; lower -I or raise -m.`
      : undefined,
  ({ slabChunkMaxBytes }) =>
    PAGE_BYTES % slabChunkMaxBytes === 0
      ? undefined
      : `-o slab_chunk_max is ${slabChunkMaxBytes} bytes, which does not divide a page of 1m` +
        ' evenly; use 1, 2, 4 … 1024 (kilobytes).',
  (options) =>
    options.maxItemSizeBytes > chainedItemBytesMax(chunkBytesMaxOf(options))
      ? `-I (--max-item-size) is ${options.maxItemSizeBytes} bytes, more than a chain of chunks` +
        ` of ${chunkBytesMaxOf(options)} bytes can hold; raise -o slab_chunk_max.`
      : undefined,
  (options) =>
    options.enableSasl && !hasUserFile(options)
      ? '-S (--enable-sasl) requires a login, but there is no user file. Name one with -Y' +
        ' (create it: slabring user add <name> -Y <file>) or in MEMCACHED_SASL_PWDB.'
      : undefined,
  (options) =>
    options.saslOnly && !requiresLogin(options)
      ? '--sasl-only refuses the text protocol of a node that requires a login: add -S or -Y.'
      : undefined,
  ({ listen, port, enableSsl }) =>
    refusalOf('-l (--listen)', listen, (text) => listenAddressOf(text, port, enableSsl)),
  ({ clusterNodes }) =>
    refusalOf(
      '--cluster-nodes (a node is host:port or host|ip|port)',
      clusterNodes,
      parseClusterNode,
    ),
  clusterNodesRefusal,
  ({ enableSsl, sslChainCert }) =>
    enableSsl && sslChainCert === ''
      ? '-Z (--enable-ssl) needs a certificate: -o ssl_chain_cert=<file>,ssl_key=<file>.'
      : undefined,
  ({ enableSsl, sslVerifyMode, sslCaCert }) =>
    enableSsl && sslVerifyMode > 1 && sslCaCert === ''
      ? `ssl_verify_mode ${sslVerifyMode} requires client certificates and so their CA:` +
        ' add -o ssl_ca_cert=<file>.'
      : undefined,
  ({ listen, sslCaCert }) => {
    const mutual = listen.find((text) => text.startsWith('mtls:'));
    return mutual !== undefined && sslCaCert === ''
      ? `-l ${mutual} requires client certificates and so their CA: add -o ssl_ca_cert=<file>.`
      : undefined;
  },
];

/** Why `parse` refuses one of the texts; undefined if it accepts all of them. */
function refusalOf(
  option: string,
  texts: readonly string[],
  parse: (text: string) => unknown,
): string | undefined {
  try {
    for (const text of texts) parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof TopologyError) return `${option}: ${error.message}`;
    throw error;
  }
}

function hasUserFile({ authFile, saslPwdb }: ServerOptions): boolean {
  return authFile !== '' || saslPwdb !== '';
}
