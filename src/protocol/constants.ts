/** The limits and words of the protocols by name, for the fast path. */
import { named } from '../base/index.ts';
import { ERROR_TEXT } from './binary/replies.ts';
import { BINARY_STATUS, HEADER_BYTES, MAGIC, OPCODE } from './binary/wire.ts';
import { LEGACY_CLUSTER_KEY } from './cluster-config.ts';
import { KEY_BYTES_MAX, REPLY_FRAME_BYTES_MAX } from './limits.ts';
import { STATE, STATE_BIT } from './peer/state-layout.ts';
import { CLASSIC_LINES } from './text/classic-lines.ts';
import { END, VALUE } from './text/classic-replies.ts';
import { COMMAND_WORDS_MAX } from './text/meta.ts';
import { META_LETTER } from './text/meta-letters.ts';
import { EN, HD, NF, NOOP, VA } from './text/meta-replies.ts';
import { OPAQUE_TOKEN_BYTES_MAX } from './text/meta-request-flags.ts';

export const PROTOCOL_CONSTANTS: Readonly<Record<string, number>> = {
  KEY_BYTES_MAX,
  REPLY_FRAME_BYTES_MAX,
  COMMAND_WORDS_MAX,
  OPAQUE_TOKEN_BYTES_MAX,
  LEGACY_KEY_BYTES: LEGACY_CLUSTER_KEY.length,
  LEGACY_KEY_FIRST: LEGACY_CLUSTER_KEY.charCodeAt(0),
  LETTER_CAS: META_LETTER.cas,
  LETTER_CLIENT_FLAGS: META_LETTER.clientFlags,
  LETTER_HIT: META_LETTER.hit,
  LETTER_KEY: META_LETTER.key,
  LETTER_LAST_ACCESS: META_LETTER.lastAccess,
  LETTER_SIZE: META_LETTER.size,
  LETTER_TTL: META_LETTER.ttl,
  LETTER_OPAQUE: META_LETTER.opaque,
  LETTER_TOUCH: META_LETTER.touch,
  BINARY_HEADER_BYTES: HEADER_BYTES,
  MAGIC_REQUEST: MAGIC.request,
  MAGIC_REPLY: MAGIC.reply,
  OPCODE_GET: OPCODE.get,
  OPCODE_GET_Q: OPCODE.getQ,
  OPCODE_GET_K: OPCODE.getK,
  OPCODE_GET_KQ: OPCODE.getKQ,
  OPCODE_SET: OPCODE.set,
  OPCODE_SET_Q: OPCODE.setQ,
  OPCODE_NOOP: OPCODE.noop,
  STATUS_NOT_FOUND: BINARY_STATUS.notFound,
  ...named('STATE', STATE),
  ...named('STATE_BIT', STATE_BIT),
};

/** Texts of at most 16 bytes. */
export const PROTOCOL_TEXTS: Readonly<Record<string, Uint8Array>> = {
  STORED: CLASSIC_LINES.stored,
  DELETED: CLASSIC_LINES.deleted,
  NOT_FOUND: CLASSIC_LINES.notFound,
  TOUCHED: CLASSIC_LINES.touched,
  VALUE,
  END,
  HD,
  EN,
  NF,
  VA,
  NOOP,
  BINARY_NOT_FOUND: ERROR_TEXT[BINARY_STATUS.notFound]!,
};
