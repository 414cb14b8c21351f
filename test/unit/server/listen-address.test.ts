import { describe, expect, test } from 'vitest';
import { listenAddressOf } from '../../../src/server/sockets/listen-address.ts';
import { formatAddress, TopologyError } from '../../../src/topology/index.ts';

const PORT = 11_299;

describe('an address of -l', () => {
  test.each([
    ['127.0.0.1', '127.0.0.1', PORT],
    ['127.0.0.1:5', '127.0.0.1', 5],
    ['localhost:0', 'localhost', 0],
    ['*', '', PORT],
    ['*:5', '', 5],
    [':5', '', 5],
    ['::', '::', PORT],
    ['::1', '::1', PORT],
    ['[::1]', '::1', PORT],
    ['[::]:5', '::', 5],
  ])('%s listens on host "%s" and port %i, with and without TLS', (text, host, port) => {
    const plain = { kind: 'tcp', host, port, secure: false };
    expect(listenAddressOf(text, PORT, false)).toEqual(plain);
    expect(listenAddressOf(text, PORT, true)).toEqual({ ...plain, secure: true });
    expect(listenAddressOf(`notls:${text}`, PORT, true)).toEqual(plain);
  });
  test('a path is a Unix socket, which never uses TLS', () => {
    const address = { kind: 'unix', path: '/run/cache.sock' };
    expect(listenAddressOf('/run/cache.sock', PORT, true)).toEqual(address);
    expect(listenAddressOf('notls:/run/cache.sock', PORT, true)).toEqual(address);
  });
  test('a host may have the name notls', () => {
    expect(listenAddressOf('notls', PORT, true)).toMatchObject({ host: 'notls', secure: true });
  });
  test.each([
    ['btls:a', { secure: true, needsClientCertificate: false }],
    ['mtls:a', { secure: true, needsClientCertificate: true }],
    ['notls:proto[ascii]:a', { secure: false, protocol: 'ascii' }],
    ['proto[binary]:a', { secure: true, protocol: 'binary' }],
    ['proto[negotiating]:a', { secure: true, protocol: 'auto' }],
    ['mtls:proto[ascii]:tag_tools_:a', { needsClientCertificate: true, protocol: 'ascii' }],
    ['tag[services]:a', { secure: true }],
  ])('%s has prefixes of memcached', (text, expected) => {
    expect(listenAddressOf(text, PORT, true)).toMatchObject({ host: 'a', port: PORT, ...expected });
  });
  test('a Unix socket takes the prefix proto', () => {
    const address = { kind: 'unix', path: '/run/a', protocol: 'ascii' };
    expect(listenAddressOf('proto[ascii]:/run/a', PORT, false)).toEqual(address);
  });
  test.each(['btls:a', 'mtls:a'])('%s without TLS is refused', (text) => {
    expect(() => listenAddressOf(text, PORT, false)).toThrow(/asks for TLS.*-Z/);
  });
  test.each([
    ['proto[proxy]:a', /the protocol "proxy"; it must be one of ascii, binary, negotiating/],
    ['proto[]:a', /the protocol ""/],
    ['tag[muchtoolong]:a', /must have 1 to 8 characters/],
    ['tag[]:a', /must have 1 to 8 characters/],
    ['proto[ascii]:notls:a', /is not the address/],
  ])('%s is refused with a reason', (text, message) => {
    expect(() => listenAddressOf(text, PORT, true)).toThrow(message);
  });
  test.each(['', 'notls:', 'tls:a:1', 'notls:notls:a', '*:', 'a:65536', ':x', 'a b'])(
    '%j is refused',
    (text) => {
      expect(() => listenAddressOf(text, PORT, true)).toThrow(TopologyError);
    },
  );
  test.each([
    [{ kind: 'tcp', host: '127.0.0.1', port: 7, secure: false }, '127.0.0.1:7'],
    [{ kind: 'tcp', host: '::1', port: 7, secure: false }, '[::1]:7'],
    [{ kind: 'tcp', host: '', port: 7, secure: false }, ':7'],
    [{ kind: 'unix', path: 'a.sock' }, 'a.sock'],
  ])('the listener %j is printed as %s', (address, text) => {
    expect(formatAddress(address)).toBe(text);
  });
});
