import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { nextCommands } from '../../../../src/cli/terminal/next-steps.ts';
import { defaultServerOptions } from '../../../../src/node/index.ts';
import type { Address } from '../../../../src/topology/index.ts';
import { Authority } from '../../../support/certificates.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const options = defaultServerOptions();
const port = (port: number, host = '127.0.0.1'): Address => ({ host, port });

/** The options after `npx slabring stats`. */
function optionsFor(nodes: readonly Address[], changed: Partial<typeof options> = {}) {
  const page = nextCommands(nodes, { ...options, ...changed }, { env: {} });
  expect(page).not.toMatch(/nc |printf/);
  for (const verb of ['set greeting hello', 'get greeting', 'bench'])
    expect(page).toContain(`\n  npx slabring ${verb}`);
  return /npx slabring stats ?(.*)/.exec(page)?.[1];
}

test('the commands need no option for nodes at the usual port', () => {
  expect(optionsFor([port(11_211), port(11_212)])).toBe('');
  expect(optionsFor([port(11_211, ''), port(11_211, '::')])).toBe('');
});

test('the commands name the nodes at other addresses', () => {
  expect(optionsFor([port(1), port(2)])).toBe('--nodes 127.0.0.1:1,127.0.0.1:2');
  expect(optionsFor([{ path: '/run/x.sock' }])).toBe('--nodes /run/x.sock');
  expect(optionsFor([port(1, '::1')])).toBe("--nodes '[::1]:1'");
  const many = Array.from({ length: 5 }, (_, i) => port(i + 1));
  expect(optionsFor(many)).toBe('--discovery elasticache:127.0.0.1:1');
});

test('the commands name the options for TLS and for a login', () => {
  const tls = { enableSsl: true, sslCaCert: 'node.pem' };
  expect(optionsFor([port(11_211)], tls)).toBe('--tls-ca node.pem');
  const blank = { ...tls, sslCaCert: "it's mine.pem" };
  expect(optionsFor([port(11_211)], blank)).toBe("--tls-ca 'it'\\''s mine.pem'");
  const strict = { ...tls, sslCaCert: 'ca.pem', sslVerifyMode: 2, authFile: 'users' };
  const all = '--tls-ca ca.pem --tls-cert <file> --user <name>';
  expect(optionsFor([port(11_211)], strict)).toBe(all);
});

test('the commands name the certificate of the node only if it comes with its CA', async () => {
  const { path, remove } = await temporaryFolder();
  const authority = await Authority.create(path);
  const { cert } = await authority.issue('node');
  const chain = `${path}/chain.pem`;
  writeFileSync(chain, readFileSync(cert, 'utf8') + readFileSync(authority.ca, 'utf8'));
  const optionFor = (sslChainCert: string) =>
    optionsFor([port(11_211)], { enableSsl: true, sslChainCert });
  expect(optionFor(authority.ca)).toBe(`--tls-ca ${authority.ca}`);
  expect(optionFor(chain)).toBe(`--tls-ca ${chain}`);
  expect(optionFor(cert)).toBe('--tls-ca <file>');
  expect(optionFor(`${path}/none.pem`)).toBe('--tls-ca <file>');
  await remove();
});
