/** The door for peers: the frames that the nodes of a cluster exchange, seen from both ends. */
export {
  beginForwardReplies,
  ForwardRepliesView,
  ForwardView,
  putForwardEnd,
  putForwardHead,
  putForwardReply,
} from './peer/forwards.ts';
export {
  beginFrame,
  endFrame,
  FRAME_HEADER_BYTES,
  Frame,
  HANDSHAKE_PAYLOAD_BYTES_MAX,
  KIND,
  MalformedFrame,
  PAYLOAD_BYTES_MAX,
  PEER_STATUS,
  PEER_VALUE_BYTES_MAX,
  type PeerStatus,
  type RequestKind,
} from './peer/frame.ts';
export { FrameDecoder } from './peer/frame-decoder.ts';
export {
  encodeChallenge,
  encodeHandshakeRefusal,
  encodeSigned,
  HANDSHAKE_REFUSAL,
  type HandshakeRefusal,
  type Hello,
  helloFields,
  NONCE_BYTES,
  PEER_FORMAT,
  readChallenge,
  readHandshakeRefusal,
  readHello,
  readWelcome,
  welcomeFields,
} from './peer/handshake.ts';
export {
  type FlushPhase,
  PING_BYTES_MAX,
  putFlush,
  putMark,
  putSequence,
  readFlush,
  readMark,
  readSequence,
  type SequenceNumber,
} from './peer/requests.ts';
export {
  beginBatch,
  beginState,
  endState,
  type KeyState,
  putBatch,
  StateKeys,
  StatesReader,
} from './peer/states.ts';
export { putRefusal, REFUSAL, type Refusal, RefusalsReader } from './peer/taken.ts';
