import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../../src/base/index.ts';
import { Handshake, isMetaVersion } from '../../../../src/client/connection/handshake.ts';
import type { Login, ProtocolChoice } from '../../../../src/client/option-types/client.ts';

const login: Login = { username: 'u', password: 'p' };

/** Runs a handshake against the given replies: returns its requests and its result. */
function runHandshake(
  protocol: ProtocolChoice,
  replies: readonly string[],
  credentials?: Login,
  isCleanClose = true,
): { requests: string[]; result: unknown; protocolAfterClose: ProtocolChoice | undefined } {
  const handshake = new Handshake('node', protocol, credentials);
  const requests: string[] = [];
  const sendRequest = (): void => {
    const sink = new ByteSink(64);
    handshake.encodeRequest(sink);
    requests.push(sink.bytes.toString('latin1', 0, sink.at));
  };
  sendRequest();
  for (const reply of replies) {
    try {
      const next = handshake.receive(Buffer.from(reply), reply.length);
      if (next === 'next-request') sendRequest();
      else if (next !== undefined)
        return { requests, result: next.name, protocolAfterClose: undefined };
    } catch (error) {
      const result = (error as { code?: string }).code ?? error;
      return { requests, result, protocolAfterClose: undefined };
    }
  }
  const protocolAfterClose = handshake.protocolAfterClose(isCleanClose);
  return { requests, result: undefined, protocolAfterClose };
}

const VERSION = 'version\r\n';
const PADDED = `${'version'.padEnd(24)}\r\n`;
const LOGIN = 'set auth 0 0 3\r\nu p\r\n';
const LOGIN_REQUIRED = 'CLIENT_ERROR unauthenticated\r\n';

describe('a handshake', () => {
  test.each<[string, ProtocolChoice, Login | undefined, string[], string[], string]>([
    [
      'auto detects meta',
      'auto',
      undefined,
      ['VERSION 1.6.18\r\n', 'MN\r\n'],
      [VERSION, 'mn\r\n'],
      'meta',
    ],
    [
      'replies may arrive in pieces',
      'auto',
      undefined,
      ['VERS', 'ION 2\r', '\n', 'MN\r\n'],
      [VERSION, 'mn\r\n'],
      'meta',
    ],
    [
      'an old version means classic',
      'auto',
      undefined,
      ['VERSION 1.6.9\r\n'],
      [VERSION],
      'classic',
    ],
    [
      'ERROR to mn means classic',
      'auto',
      undefined,
      ['VERSION x\r\n', 'ERROR\r\n'],
      [VERSION, 'mn\r\n'],
      'classic',
    ],
    [
      'classic skips the detection',
      'classic',
      undefined,
      ['VERSION 1.6.18\r\n'],
      [VERSION],
      'classic',
    ],
    [
      'meta fails if the node does not know mn',
      'meta',
      undefined,
      ['VERSION 1.4.0\r\n', 'ERROR\r\n'],
      [VERSION, 'mn\r\n'],
      'ERR_UNSUPPORTED',
    ],
    [
      'logs in when the node requires it',
      'auto',
      login,
      [LOGIN_REQUIRED, 'STORED\r\n', 'VERSION 1.6.18\r\n', 'MN\r\n'],
      [PADDED, LOGIN, VERSION, 'mn\r\n'],
      'meta',
    ],
    [
      'a refused login fails',
      'meta',
      login,
      [LOGIN_REQUIRED, 'CLIENT_ERROR authentication failure\r\n'],
      [VERSION, LOGIN],
      'ERR_LOGIN',
    ],
    [
      'a required but missing login fails',
      'auto',
      undefined,
      [LOGIN_REQUIRED],
      [VERSION],
      'ERR_LOGIN',
    ],
    [
      'does not send a login that the node does not require',
      'auto',
      login,
      ['VERSION 1.6.18\r\n', 'MN\r\n'],
      [PADDED, 'mn\r\n'],
      'meta',
    ],
    [
      'a node that requires a second login fails',
      'auto',
      login,
      [LOGIN_REQUIRED, 'STORED\r\n', LOGIN_REQUIRED],
      [PADDED, LOGIN, VERSION],
      'ERR_LOGIN',
    ],
    [
      'another refusal fails',
      'auto',
      undefined,
      ['SERVER_ERROR full\r\n'],
      [VERSION],
      'ERR_REFUSED',
    ],
  ])('%s', (_, protocol, credentials, replies, requests, result) => {
    expect(runHandshake(protocol, replies, credentials)).toMatchObject({ requests, result });
  });

  test.each(['noise\r\n', 'VERSION 1\r\nMN\r\n', 'END\r\n'])(
    'the reply %j is malformed',
    (reply) => {
      expect(runHandshake('auto', [reply]).result).toMatchObject({ name: 'MalformedReply' });
    },
  );

  test.each<[string, ProtocolChoice, Login | undefined, string[], ProtocolChoice | undefined]>([
    ['before any reply', 'auto', undefined, [], undefined],
    ['before any reply, with a login', 'auto', login, [], 'binary'],
    ['after mn', 'auto', undefined, ['VERSION 1.6.18\r\n'], 'classic'],
    ['after mn with protocol meta', 'meta', undefined, ['VERSION 1.6.18\r\n'], undefined],
    ['after the login request', 'auto', login, [LOGIN_REQUIRED], undefined],
  ])(
    'the handshake chooses the next protocol after a close %s',
    (_, protocol, credentials, replies, next) => {
      expect(runHandshake(protocol, replies, credentials).protocolAfterClose).toBe(next);
    },
  );

  test('a reset after mn does not mean that the node does not know mn', () => {
    const { protocolAfterClose } = runHandshake('auto', ['VERSION 1.6.18\r\n'], undefined, false);
    expect(protocolAfterClose).toBeUndefined();
  });
});

test.each([
  ['1.6.10', true],
  ['1.6.9', false],
  ['1.5.22', false],
  ['1.7.0', true],
  ['2.0.0', true],
  ['1.6.45_beta', true],
  ['proxy', true],
])('version %s has meta commands: %s', (version, meta) => {
  expect(isMetaVersion(version)).toBe(meta);
});
