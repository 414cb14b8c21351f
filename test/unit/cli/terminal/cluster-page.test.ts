import { expect, test } from 'vitest';
import { clusterPage } from '../../../../src/cli/terminal/cluster-page.ts';
import { defaultServerOptions } from '../../../../src/node/index.ts';

const options = defaultServerOptions();
const row = {
  name: 'node-1',
  host: '127.0.0.1',
  port: 1,
  pid: 2,
  memoryLimitBytes: 2 ** 20,
  threads: 1,
};

/** The call of the example program. */
function callIn(changed: Partial<typeof options>): string | undefined {
  const page = clusterPage([row], { ...options, ...changed }, '');
  return /createClient\((.*?)\);/s.exec(page)?.[1]?.replace(/\s+/g, ' ');
}

test('the example program has the nodes, and the TLS and login options that they require', () => {
  expect(callIn({})).toBe("{ nodes: ['127.0.0.1:1'] }");
  expect(callIn({ authFile: 'users' })).toBe(
    "{ nodes: ['127.0.0.1:1'], login: { username: '<name>', password: '<password>' }, }",
  );
  const tls = { enableSsl: true, sslCaCert: 'node.pem' };
  expect(callIn(tls)).toBe("{ nodes: ['127.0.0.1:1'], tls: { ca: readFileSync('node.pem') }, }");
  expect(callIn({ ...tls, sslVerifyMode: 2 })).toContain("cert: readFileSync('<file>'), key: ");
});
