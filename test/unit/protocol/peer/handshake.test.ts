import { describe, expect, test } from 'vitest';
import {
  FRAME_HEADER_BYTES,
  HANDSHAKE_PAYLOAD_BYTES_MAX,
  KIND,
  MalformedFrame,
} from '../../../../src/protocol/peer/frame.ts';
import {
  encodeChallenge,
  encodeHandshakeRefusal,
  encodeSigned,
  HANDSHAKE_REFUSAL,
  type HandshakeRefusal,
  type Hello,
  helloFields,
  NONCE_BYTES,
  PEER_FORMAT,
  PEER_NAME_BYTES_MAX,
  readChallenge,
  readHandshakeRefusal,
  readHello,
  readWelcome,
  welcomeFields,
} from '../../../../src/protocol/peer/handshake.ts';
import { decoded, received } from '../../../support/peer-frames.ts';

describe('the handshake', () => {
  const nonce = Buffer.alloc(NONCE_BYTES, 5);
  const proof = Buffer.alloc(32, 6);
  const hello: Hello = { nonce, incarnation: 2 ** 53 - 1, cluster: 'c', name: 'näme', to: 'b' };

  test('each message keeps its fields', () => {
    expect(readChallenge(decoded(encodeChallenge(nonce)))).toEqual(nonce);
    const signed = helloFields(hello);
    const said = decoded(encodeSigned(KIND.hello, signed, proof));
    expect(said.version).toBe(PEER_FORMAT);
    expect(readHello(said)).toEqual({ message: hello, signed, proof });
    const fields = welcomeFields({ incarnation: 4, name: 'b' });
    const welcome = readWelcome(decoded(encodeSigned(KIND.welcome, fields, proof)));
    expect(welcome).toEqual({ message: { incarnation: 4, name: 'b' }, signed: fields, proof });
    const reason: HandshakeRefusal = HANDSHAKE_REFUSAL.secret;
    expect(readHandshakeRefusal(decoded(encodeHandshakeRefusal(reason)))).toBe(reason);
  });
  test('the longest names fit into a message', () => {
    const name = 'n'.repeat(PEER_NAME_BYTES_MAX);
    const bytes = encodeSigned(
      KIND.hello,
      helloFields({ ...hello, cluster: name, name, to: name }),
      proof,
    );
    expect(bytes.length - FRAME_HEADER_BYTES).toBeLessThanOrEqual(HANDSHAKE_PAYLOAD_BYTES_MAX);
    expect(() => helloFields({ ...hello, name: `${name}n` })).toThrow(RangeError);
  });
  test('a message that is cut, or longer than its fields, is malformed', () => {
    const payload = Buffer.concat([helloFields(hello), proof]);
    for (let end = 0; end <= payload.length + 1; end++) {
      if (end === payload.length) continue;
      const frame = received(KIND.hello, (sink) => {
        sink.ensure(end);
        sink.putRange(Buffer.concat([payload, proof]), 0, end);
      });
      expect(() => readHello(frame), `${end} bytes`).toThrow(MalformedFrame);
      expect(() => readWelcome(frame), `${end} bytes`).toThrow(MalformedFrame);
      if (end !== NONCE_BYTES) expect(() => readChallenge(frame)).toThrow(MalformedFrame);
      if (end !== 1) expect(() => readHandshakeRefusal(frame)).toThrow(MalformedFrame);
    }
  });
});
