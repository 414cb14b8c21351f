import { expect, test } from 'vitest';
import { silentLogger } from '../../../../src/base/index.ts';
import { OP, packet } from '../../../support/binary-wire.ts';
import { ManualSession, ManualThread } from '../../../support/manual-session.ts';

function tracedSession() {
  const lines: object[] = [];
  const traceLog = { ...silentLogger, trace: (facts: object) => void lines.push(facts) };
  return { session: new ManualSession(new ManualThread({}, { traceLog })), lines };
}

test('a trace shows the verb, the hash of the key and the status of each request', () => {
  const { session, lines } = tracedSession();
  session.advance('set secretkey 0 0 6\r\n123456\r\nget secretkey nothing\r\nincr secretkey 1\r\n');
  session.advance(
    'mg secretkey k v\r\nincr nokey 1\r\nnonsense secretkey\r\nversion\r\nverbosity 1\r\n',
  );
  const { keyHash } = lines[0] as { readonly keyHash: string };
  expect(keyHash).toMatch(/^[0-9a-f]{8}$/);
  const key = { keyHash, keys: 1 };
  expect(lines).toEqual([
    { connection: 0, verb: 'set', ...key, status: 'STORED' },
    { connection: 0, verb: 'get', ...key, keys: 2, status: 'VALUE' },
    { connection: 0, verb: 'increment', ...key, status: 'number' },
    { connection: 0, verb: 'metaGet', ...key, status: 'VA' },
    { connection: 0, verb: 'increment', keys: 1, keyHash: expect.any(String), status: 'NOT_FOUND' },
    { connection: 0, verb: 'invalid', status: 'ERROR' },
    { connection: 0, verb: 'version', status: 'VERSION' },
    { connection: 0, verb: 'verbosity', status: 'OK' },
  ]);
});

test('a trace never shows a key or a value', () => {
  const { session, lines } = tracedSession();
  session.advance('set secretkey 0 0 9\r\nsecretval\r\ngets secretkey\r\nmg secretkey k v\r\n');
  session.advance('append secretkey 0 0 9\r\nsecr');
  session.advance('etval\r\nme secretkey\r\ndelete secretkey\r\n');
  expect(lines.length).toBeGreaterThan(5);
  expect(JSON.stringify(lines)).not.toMatch(/secret/);
});

test('a trace of a long get shows no value that follows the output already sent', () => {
  const { session, lines } = tracedSession();
  const value = 'secret'.repeat(6000);
  session.advance(`set k 0 0 ${value.length}\r\n${value}\r\n`);
  session.advance('version\r\nversion\r\nget k k k\r\nget k\r\n');
  expect(JSON.stringify(lines)).not.toMatch(/secret/);
  expect(lines.slice(-2)).toMatchObject([{ status: 'sent' }, { status: 'VALUE' }]);
});

test('a trace shows the status of a reply that comes later, and of binary packets', () => {
  const { session, lines } = tracedSession();
  session.advance('set a 0 0 3\r\nab');
  session.advance('c\r\n');
  expect(lines.map((facts) => (facts as { status?: string }).status)).toEqual([
    undefined,
    'STORED',
  ]);
  const binary = tracedSession();
  binary.session.advance(packet({ opcode: OP.get, key: 'none' }));
  expect(binary.lines).toMatchObject([{ verb: 'get', keys: 1, status: 1 }]);
});
