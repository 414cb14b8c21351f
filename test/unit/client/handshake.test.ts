import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import {
  Handshake,
  isMetaVersion,
  type Login,
  type ProtocolChoice,
} from '../../../src/client/connection/handshake.ts';

const login: Login = { username: 'u', password: 'p' };

/** Plays a handshake: what is asked, given these answers, and how it ends. */
function play(
  protocol: ProtocolChoice,
  answers: readonly string[],
  given?: Login,
  inPeace = true,
): { asked: string[]; end: unknown; nextIfClosed: ProtocolChoice | undefined } {
  const handshake = new Handshake('node', protocol, given);
  const asked: string[] = [];
  const ask = (): void => {
    const sink = new ByteSink(64);
    handshake.ask(sink);
    asked.push(sink.bytes.toString('latin1', 0, sink.at));
  };
  ask();
  for (const answer of answers) {
    try {
      const next = handshake.receive(Buffer.from(answer), answer.length);
      if (next === 'ask') ask();
      else if (next !== undefined) return { asked, end: next.name, nextIfClosed: undefined };
    } catch (error) {
      return { asked, end: (error as { code?: string }).code ?? error, nextIfClosed: undefined };
    }
  }
  return { asked, end: undefined, nextIfClosed: handshake.nextIfClosed(inPeace) };
}

const VERSION = 'version\r\n';
const PADDED = `${'version'.padEnd(24)}\r\n`;
const LOGIN = 'set auth 0 0 3\r\nu p\r\n';
const WANTED = 'CLIENT_ERROR unauthenticated\r\n';

describe('a handshake', () => {
  test.each<[string, ProtocolChoice, Login | undefined, string[], string[], string]>([
    ['meta', 'auto', undefined, ['VERSION 1.6.18\r\n', 'MN\r\n'], [VERSION, 'mn\r\n'], 'meta'],
    [
      'in pieces',
      'auto',
      undefined,
      ['VERS', 'ION 2\r', '\n', 'MN\r\n'],
      [VERSION, 'mn\r\n'],
      'meta',
    ],
    ['too old', 'auto', undefined, ['VERSION 1.6.9\r\n'], [VERSION], 'classic'],
    ['no mn', 'auto', undefined, ['VERSION x\r\n', 'ERROR\r\n'], [VERSION, 'mn\r\n'], 'classic'],
    ['as told', 'classic', undefined, ['VERSION 1.6.18\r\n'], [VERSION], 'classic'],
    [
      'told what it cannot',
      'meta',
      undefined,
      ['VERSION 1.4.0\r\n', 'ERROR\r\n'],
      [VERSION, 'mn\r\n'],
      'ERR_UNSUPPORTED',
    ],
    [
      'with a login',
      'auto',
      login,
      [WANTED, 'STORED\r\n', 'VERSION 1.6.18\r\n', 'MN\r\n'],
      [PADDED, LOGIN, VERSION, 'mn\r\n'],
      'meta',
    ],
    [
      'with a login that is refused',
      'meta',
      login,
      [WANTED, 'CLIENT_ERROR authentication failure\r\n'],
      [VERSION, LOGIN],
      'ERR_LOGIN',
    ],
    ['without the login it wants', 'auto', undefined, [WANTED], [VERSION], 'ERR_LOGIN'],
    [
      'with a login that nobody wants',
      'auto',
      login,
      ['VERSION 1.6.18\r\n', 'MN\r\n'],
      [PADDED, 'mn\r\n'],
      'meta',
    ],
    [
      'that asks twice',
      'auto',
      login,
      [WANTED, 'STORED\r\n', WANTED],
      [PADDED, LOGIN, VERSION],
      'ERR_LOGIN',
    ],
    ['refused', 'auto', undefined, ['SERVER_ERROR full\r\n'], [VERSION], 'ERR_REFUSED'],
  ])('%s', (_, protocol, given, answers, asked, end) => {
    expect(play(protocol, answers, given)).toMatchObject({ asked, end });
  });

  test.each(['noise\r\n', 'VERSION 1\r\nMN\r\n', 'END\r\n'])('%j is no greeting', (answer) => {
    expect(play('auto', [answer]).end).toMatchObject({ name: 'MalformedReply' });
  });

  test.each<[string, ProtocolChoice, Login | undefined, string[], ProtocolChoice | undefined]>([
    ['at once', 'auto', undefined, [], undefined],
    ['at once, with a login', 'auto', login, [], 'binary'],
    ['on mn', 'auto', undefined, ['VERSION 1.6.18\r\n'], 'classic'],
    ['on mn, as told', 'meta', undefined, ['VERSION 1.6.18\r\n'], undefined],
    ['on a login', 'auto', login, [WANTED], undefined],
  ])('closed %s: what to try next', (_, protocol, given, answers, next) => {
    expect(play(protocol, answers, given).nextIfClosed).toBe(next);
  });

  test('a reset on mn is a node that ends, not one that knows no mn', () => {
    expect(play('auto', ['VERSION 1.6.18\r\n'], undefined, false).nextIfClosed).toBeUndefined();
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
