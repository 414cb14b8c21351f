/**
 * Decodes bytes to requests and encodes replies to bytes; no socket, no clock, no store. This file
 * exports the server's half; `client.ts` exports the client's half.
 */
export { BinaryDecoder, isBinary } from './binary/decode.ts';
export { BinaryReplies } from './binary/replies.ts';
export { BINARY_STATUS, MAGIC, OPCODE } from './binary/wire.ts';
export {
  CLUSTER_ENTRY,
  clusterVersionOf,
  encodeClusterConfig,
  LEGACY_CLUSTER_KEY,
  parseClusterNode,
  TOPOLOGY_ENTRY,
  topologyFlags,
} from './cluster-config.ts';
export { PROTOCOL_CONSTANTS, PROTOCOL_TEXTS } from './constants.ts';
export { CLOSE, INCOMPLETE } from './decoded.ts';
export { forbid } from './forbid.ts';
export {
  CONFIG_BYTES_MAX,
  GET_LINE_BYTES_MAX,
  LINE_BYTES_MAX,
  REPLY_FRAME_BYTES_MAX,
} from './limits.ts';
export { memberVersion } from './member-version.ts';
export {
  type CounterFacts,
  NOTHING_STORED,
  type ReplyWriter,
  STATUS,
  type Status,
  StorageReplyContext,
} from './reply.ts';
export { DIALECT, isSasl, isStorage, Request, VERB, type Verb } from './request.ts';
export { putBase64 } from './text/base64.ts';
export { ClassicDecoder } from './text/classic.ts';
export { ClassicReplies } from './text/classic-replies.ts';
export { LineKey } from './text/line-key.ts';
export { META_LETTER } from './text/meta-letters.ts';
export { MetaReplies } from './text/meta-replies.ts';
export { readU64, u64 } from './text/numbers.ts';
