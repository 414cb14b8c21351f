import { ByteSink } from '../../base/index.ts';
import {
  beginFrame,
  endFrame,
  FRAME_HEADER_BYTES,
  type Frame,
  KIND,
  MalformedFrame,
  readSafe64,
  setSafe64,
} from './frame.ts';

/**
 * The messages of the handshake; the version in their headers is the version of the format. A text
 * is a byte with its length and its UTF-8.
 *
 *   challenge  the listener's nonce (32 bytes)
 *   hello      nonce (32) | u64 incarnation | texts: cluster, name, name of the other | proof (32)
 *   welcome    u64 incarnation | text: name | proof (32)
 *   refusal    u8 reason
 *
 * A proof is an HMAC-SHA256 over everything that was said before it.
 */
export const PEER_FORMAT = 2;
export const NONCE_BYTES = 32;
const PROOF_BYTES = 32;
/** A longer name of a cluster or a member takes part in no handshake. */
export const PEER_NAME_BYTES_MAX = 255;
const MESSAGE_BYTES = 256;

/** Why a listener refuses a handshake. */
export const HANDSHAKE_REFUSAL = {
  format: 1,
  secret: 2,
  cluster: 3,
  name: 4,
  member: 5,
} as const;
export type HandshakeRefusal = (typeof HANDSHAKE_REFUSAL)[keyof typeof HANDSHAKE_REFUSAL];

export interface Hello {
  readonly nonce: Buffer;
  readonly incarnation: number;
  readonly cluster: string;
  readonly name: string;
  /** The member that the sender wants to reach. */
  readonly to: string;
}

interface Welcome {
  readonly incarnation: number;
  readonly name: string;
}

/** A message without its proof: what the proof covers. */
interface Signed<T> {
  readonly message: T;
  readonly signed: Buffer;
  readonly proof: Buffer;
}

export function encodeChallenge(nonce: Buffer): Buffer {
  return encode(KIND.challenge, (sink) => sink.putRange(nonce, 0, NONCE_BYTES));
}

/** The bytes of a hello that its proof covers. */
export function helloFields({ nonce, incarnation, cluster, name, to }: Hello): Buffer {
  const sink = new ByteSink(Buffer.allocUnsafe(MESSAGE_BYTES));
  sink.ensure(NONCE_BYTES);
  sink.putRange(nonce, 0, NONCE_BYTES);
  putSafe64(sink, incarnation);
  for (const text of [cluster, name, to]) putName(sink, text);
  return written(sink);
}

/** The bytes of a welcome that its proof covers. */
export function welcomeFields({ incarnation, name }: Welcome): Buffer {
  const sink = new ByteSink(Buffer.allocUnsafe(MESSAGE_BYTES));
  putSafe64(sink, incarnation);
  putName(sink, name);
  return written(sink);
}

/** A hello or a welcome: its fields and their proof. */
export function encodeSigned(
  kind: typeof KIND.hello | typeof KIND.welcome,
  fields: Buffer,
  proof: Buffer,
): Buffer {
  return encode(kind, (sink) => {
    sink.ensure(fields.length + PROOF_BYTES);
    sink.putRange(fields, 0, fields.length);
    sink.putRange(proof, 0, PROOF_BYTES);
  });
}

export function encodeHandshakeRefusal(reason: HandshakeRefusal): Buffer {
  return encode(KIND.refusal, (sink) => sink.putByte(reason));
}

/** @throws {MalformedFrame} if the payload is no nonce. */
export function readChallenge(frame: Frame): Buffer {
  requireExactly(frame.payloadBytes, NONCE_BYTES, 'a challenge');
  return frame.copyPayload();
}

/** @throws {MalformedFrame} if the payload is no hello. */
export function readHello(frame: Frame): Signed<Hello> {
  const fields = new FieldReader(frame.copyPayload());
  const nonce = fields.bytes(NONCE_BYTES);
  const incarnation = fields.safe64();
  const message = { nonce, incarnation, cluster: fields.text(), name: fields.text() };
  return fields.signed({ ...message, to: fields.text() });
}

/** @throws {MalformedFrame} if the payload is no welcome. */
export function readWelcome(frame: Frame): Signed<Welcome> {
  const fields = new FieldReader(frame.copyPayload());
  const incarnation = fields.safe64();
  return fields.signed({ incarnation, name: fields.text() });
}

/** The reason of a refusal; a newer node may have reasons that this one does not know. */
export function readHandshakeRefusal(frame: Frame): number {
  requireExactly(frame.payloadBytes, 1, 'a refusal');
  return frame.bytes[frame.start]!;
}

function encode(kind: number, putPayload: (sink: ByteSink) => void): Buffer {
  const sink = new ByteSink(Buffer.allocUnsafe(FRAME_HEADER_BYTES + MESSAGE_BYTES));
  const at = beginFrame(sink, kind, 0, 0, PEER_FORMAT);
  putPayload(sink);
  endFrame(sink, at);
  return written(sink);
}

function written(sink: ByteSink): Buffer {
  return sink.bytes.subarray(0, sink.at);
}

function putSafe64(sink: ByteSink, value: number): void {
  sink.ensure(8);
  setSafe64(sink.view, sink.at, value);
  sink.at += 8;
}

function putName(sink: ByteSink, text: string): void {
  const bytes = Buffer.from(text);
  if (bytes.length > PEER_NAME_BYTES_MAX) {
    throw new RangeError(`a name has more than ${PEER_NAME_BYTES_MAX} bytes: ${text}`);
  }
  sink.ensure(1 + bytes.length);
  sink.putByte(bytes.length);
  sink.putRange(bytes, 0, bytes.length);
}

function requireExactly(bytes: number, expected: number, what: string): void {
  if (bytes !== expected) throw new MalformedFrame(`${what} has ${bytes} bytes, not ${expected}`);
}

/** Reads the fields of a message in their order. */
class FieldReader {
  readonly #bytes: Buffer;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  bytes(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new MalformedFrame('a message of a handshake is too short');
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  safe64(): number {
    const { byteOffset } = this.bytes(8);
    return readSafe64(this.#view, byteOffset - this.#bytes.byteOffset);
  }

  text(): string {
    return this.bytes(this.bytes(1)[0]!).toString();
  }

  /** The message, with the proof that is its last field. */
  signed<T>(message: T): Signed<T> {
    const signed = this.#bytes.subarray(0, this.#at);
    const proof = this.bytes(PROOF_BYTES);
    requireExactly(this.#bytes.length, this.#at, 'a message of a handshake');
    return { message, signed, proof };
  }
}
