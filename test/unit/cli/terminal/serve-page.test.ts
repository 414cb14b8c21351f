import { expect, test } from 'vitest';
import { openToEverybody, startFacts, startLine } from '../../../../src/cli/terminal/serve-page.ts';
import {
  defaultServerOptions,
  type FastPathState,
  type ServerOptions,
} from '../../../../src/node/index.ts';
import type { ListenAddress } from '../../../../src/server/index.ts';

const FAST: FastPathState = { kind: 'memory32' };

const optionsWith = (options: Partial<ServerOptions>): ServerOptions => {
  return { ...defaultServerOptions(), ...options };
};

test('the line of a node has its version, memory, threads, TLS, login and listeners', () => {
  const options = optionsWith({ threads: 1, memoryLimitBytes: 2 ** 30, enableSsl: true });
  const addresses: readonly ListenAddress[] = [
    { kind: 'tcp', host: '', port: 7, secure: true },
    { kind: 'tcp', host: '::1', port: 8, secure: false },
    { kind: 'unix', path: '/run/a' },
  ];
  const line = startLine({ ...options, authFile: 'users' }, { addresses, fastPath: FAST });
  expect(line).toMatch(/^slabring \d+\.\d+\.\d+: 1g of memory, 1 thread, TLS, login required, /);
  expect(line).toMatch(/ Listening on port 7 of every interface, \[::1\]:8 \(no TLS\), \/run\/a$/);
});

test('the line of a node says which fast path it has, or which option switched it off', () => {
  const textOf = (fastPath: FastPathState): string =>
    startLine(defaultServerOptions(), { addresses: [], fastPath });
  expect(textOf(FAST)).toContain(', fast path memory32. Listening');
  expect(textOf({ kind: 'off' })).toContain(', fast path off. Listening');
  expect(textOf({ kind: 'off', choice: '-o x' })).toContain(', fast path off (-o x). Listening');
});

test('the line of a proxy says what it is before in place of memory', () => {
  const options = defaultServerOptions();
  const started = { addresses: [], fastPath: { kind: 'off' } } as const;
  const proxy = { ...started, proxied: { cluster: 'web' } };
  expect(startLine(options, proxy)).toMatch(
    /: proxy of the cluster web, 4 threads, no TLS, no login\. Listening on $/,
  );
  expect(startFacts(options, proxy)).toMatchObject({ proxyOf: 'web' });
  const plain = { ...started, proxied: { nodes: 2 } };
  expect(startLine(options, plain)).toContain(': proxy of 2 nodes, 4 threads');
  expect(startFacts(options, plain)).toMatchObject({ proxiedNodes: 2 });
});

test('the facts of a start have numbers for programs', () => {
  const options = optionsWith({ threads: 1, memoryLimitBytes: 2 ** 30, authFile: 'users' });
  const addresses = [
    { kind: 'tcp', host: '', port: 7, secure: true },
    { kind: 'unix', path: '/run/a' },
  ] as const;
  expect(startFacts(options, { addresses, fastPath: FAST })).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    ...{
      memoryLimitBytes: 2 ** 30,
      threads: 1,
      login: true,
      fastPath: 'memory32',
    },
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
