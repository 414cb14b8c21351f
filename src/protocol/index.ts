/** Turns bytes into requests and replies, and back; pure. This door is the server's half. */
export { DATA_BYTES_MAX, KEY_BYTES_MAX, LINE_BYTES_MAX, REPLY_FRAME_BYTES_MAX } from './limits.ts';
export { ItemView, type ReplyWriter, STATUS, type Status } from './reply.ts';
export { Request, VERB, type Verb } from './request.ts';
export { ClassicDecoder, HANG_UP, INCOMPLETE } from './text/classic.ts';
export { ClassicReplies } from './text/classic-replies.ts';
export { readU64, u64 } from './text/numbers.ts';
