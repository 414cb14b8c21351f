import { expect, test } from 'vitest';
import { openToEverybody, startJson, startLine } from '../../../../src/cli/terminal/serve-page.ts';
import { defaultServerOptions, type ServerOptions } from '../../../../src/node/index.ts';

const optionsWith = (options: Partial<ServerOptions>): ServerOptions => {
  return { ...defaultServerOptions(), ...options };
};

test('the line of a node has its version, memory, threads, TLS, login and listeners', () => {
  const options = optionsWith({ threads: 1, memoryLimitBytes: 2 ** 30, enableSsl: true });
  const line = startLine({ ...options, authFile: 'users' }, [
    { kind: 'tcp', host: '', port: 7, secure: true },
    { kind: 'tcp', host: '::1', port: 8, secure: false },
    { kind: 'unix', path: '/run/a' },
  ]);
  expect(line).toMatch(/^slabring \d+\.\d+\.\d+: 1g of memory, 1 thread, TLS, login required\. /);
  expect(line).toMatch(/ Listening on port 7 of every interface, \[::1\]:8 \(no TLS\), \/run\/a$/);
});

test('the JSON of a start has numbers for programs', () => {
  const options = optionsWith({ threads: 1, memoryLimitBytes: 2 ** 30, authFile: 'users' });
  const listeners = [
    { kind: 'tcp', host: '', port: 7, secure: true },
    { kind: 'unix', path: '/run/a' },
  ] as const;
  expect(JSON.parse(startJson(options, listeners))).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    ...{ pid: process.pid, memoryLimitBytes: 2 ** 30, threads: 1, login: true },
    listeners: [{ host: '', port: 7, tls: true }, { path: '/run/a' }],
  });
});

const TLS = { enableSsl: true, sslChainCert: 'cert', sslCaCert: 'ca' };

test.each<[Partial<ServerOptions>, RegExp | undefined]>([
  [{}, /^Everybody who reaches port 11211 of this machine may read and change the cache/],
  [{ listen: ['0.0.0.0'], port: 7 }, /port 7/],
  [{ listen: ['127.0.0.1', '[::]:9'] }, /port 9/],
  [{ listen: ['*'], port: 0 }, /reaches the port/],
  [TLS, /port 11211/],
  [{ ...TLS, sslVerifyMode: 2, listen: ['notls:*:9'] }, /port 9/],
  [{ ...TLS, sslVerifyMode: 2, listen: ['btls:*:9'] }, /port 9/],
  [{ ...TLS, sslVerifyMode: 2 }, undefined],
  [{ ...TLS, listen: ['mtls:*'] }, undefined],
  [{ listen: ['127.0.0.1', '10.0.0.1'] }, undefined],
  [{ unixSocket: '/run/a' }, undefined],
  [{ authFile: 'users' }, undefined],
])('a node with %j says whether everybody may use it', (options, message) => {
  const line = openToEverybody(optionsWith(options));
  if (message === undefined) expect(line).toBeUndefined();
  else expect(line).toMatch(message);
  expect(line ?? '').not.toContain('\n');
});
