import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSecretFile } from '../../../src/base/secret-file.ts';
import { readToken } from '../../../src/ops/admin/access.ts';
import { readCertificates } from '../../../src/server/index.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { recordingLog } from '../../support/recording-log.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let node: Identity;
let file = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  node = await (await Authority.create(folder.path)).issue('node');
  file = join(folder.path, 'secret');
  await writeFile(file, '0123456789abcdef\n');
});
afterAll(() => folder.remove());

const warningOf = (path: string) => [
  `every user of this machine can open ${path}; run: chmod o-rw ${path}`,
];

async function warnings(path: string, mode: number, read: Read): Promise<readonly string[]> {
  const { log, texts } = recordingLog();
  await chmod(path, mode);
  await read(log);
  return texts;
}
type Read = (log: ReturnType<typeof recordingLog>['log']) => Promise<unknown>;

test.each([0o644, 0o604, 0o602])('a secret file of mode %o is a warning', async (mode) => {
  const read: Read = (log) => readSecretFile(file, 100, log);
  expect(await warnings(file, mode, read)).toEqual(warningOf(file));
});
test.each([0o600, 0o640, 0o660])('a secret file of mode %o is none', async (mode) => {
  expect(await warnings(file, mode, (log) => readSecretFile(file, 100, log))).toEqual([]);
});
test('the token of an admin port is a secret file', async () => {
  expect(await warnings(file, 0o644, (log) => readToken(file, log))).toEqual(warningOf(file));
});
test('the key of TLS is a secret file, the certificate is not', async () => {
  const options = {
    sslChainCert: node.cert,
    sslKey: node.key,
    sslCaCert: '',
    sslCiphers: '',
    sslVerifyMode: 0,
    sslMinVersion: 0,
  };
  const read: Read = (log) => readCertificates(options, log);
  await chmod(node.cert, 0o644);
  expect(await warnings(node.key, 0o600, read)).toEqual([]);
  expect(await warnings(node.key, 0o644, read)).toEqual(warningOf(node.key));
});
