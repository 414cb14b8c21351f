import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkHost, checkNoPage, checkToken, readToken } from '../../../../src/ops/admin/access.ts';
import { temporaryFolder } from '../../../support/folder.ts';

const request = (headers: Readonly<Record<string, string>>) => ({ headers }) as IncomingMessage;
const TOKEN = '0123456789abcdef';

describe('the token of an admin port', () => {
  test('a request carries it as a bearer token', () => {
    for (const authorization of [`Bearer ${TOKEN}`, `bearer  ${TOKEN} `]) {
      expect(() => checkToken(request({ authorization }), TOKEN)).not.toThrow();
    }
  });
  test.each([
    '',
    'Bearer',
    `Bearer ${TOKEN}0`,
    `Bearer ${TOKEN.slice(1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ])('the port refuses the header "%s" with 401', (authorization) => {
    const refused = expect.objectContaining({ status: 401 });
    expect(() => checkToken(request({ authorization }), TOKEN)).toThrow(refused);
  });
  test('the file has one line of enough characters', async () => {
    const { path, remove } = await temporaryFolder();
    const file = join(path, 'token');
    for (const text of ['', 'short', `${TOKEN}\n${TOKEN}\n`, `${TOKEN} x`, 'ä'.repeat(20)]) {
      await writeFile(file, text);
      await expect(readToken(file), text).rejects.toMatchObject({ code: 'ERR_ADMIN_TOKEN' });
    }
    await writeFile(file, `${TOKEN}\n`);
    expect(await readToken(file)).toBe(TOKEN);
    await remove();
    await expect(readToken(file)).rejects.toThrow(/--admin-token-file/);
  });
});

describe('the host of a request', () => {
  test.each(['localhost', 'LOCALHOST:80', '127.0.0.1:9150', '127.1.2.3', '[::1]:9150', 'own:1'])(
    '%s is this machine',
    (host) => {
      expect(() => checkHost(request({ host }), 'own')).not.toThrow();
    },
  );
  test.each(['evil.example', 'evil.example:9150', '127.0.0.1.evil.example', '10.0.0.1', ''])(
    'the port refuses "%s", which is another machine',
    (host) => {
      const refused = expect.objectContaining({ status: 421 });
      expect(() => checkHost(request({ host }), 'own')).toThrow(refused);
    },
  );
});

describe('an action', () => {
  test('an action comes as JSON, and not from a page', () => {
    expect(() => checkNoPage(request({ 'content-type': 'application/json' }))).not.toThrow();
    const typed = request({ 'content-type': 'Application/JSON; charset=utf-8' });
    expect(() => checkNoPage(typed)).not.toThrow();
    const wrongType = expect.objectContaining({ status: 415 });
    expect(() => checkNoPage(request({}))).toThrow(wrongType);
    expect(() => checkNoPage(request({ 'content-type': 'text/plain' }))).toThrow(wrongType);
    const page = request({ 'content-type': 'application/json', origin: 'http://localhost' });
    expect(() => checkNoPage(page)).toThrow(expect.objectContaining({ status: 403 }));
  });
});
