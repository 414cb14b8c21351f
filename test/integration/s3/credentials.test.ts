/** The places of credentials: variables, files, and the services that only machines of AWS have. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CredentialChain, findCredentials } from '../../../src/ops/s3/credentials.ts';
import { readProfile } from '../../../src/ops/s3/profile.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { startScripted } from '../../support/scripted-http.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
  await folder.remove();
});

async function serve(...args: Parameters<typeof startScripted>) {
  const server = await startScripted(...args);
  closers.push(server.stop);
  return server;
}

type Env = Readonly<Record<string, string>>;
const find = async (more: Env) => {
  const env = { HOME: folder.path, AWS_EC2_METADATA_DISABLED: 'true', ...more };
  return findCredentials(env, await readProfile(env), 'eu-west-1');
};

async function file(name: string, text: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, text);
  return path;
}

const JSON_KEYS = JSON.stringify({
  AccessKeyId: 'ID',
  SecretAccessKey: 'SECRET',
  Token: 'TOKEN',
  Expiration: '2027-01-01T00:00:00Z',
});
const KEYS = { accessKeyId: 'ID', secretAccessKey: 'SECRET', sessionToken: 'TOKEN' };
const EXPIRES = { ...KEYS, expiresMs: Date.UTC(2027, 0, 1) };

describe('variables and files', () => {
  test('the variables count before the file', async () => {
    const keys = '[default]\naws_access_key_id=F\naws_secret_access_key=S\naws_session_token=T\n';
    const AWS_SHARED_CREDENTIALS_FILE = await file('credentials', keys);
    expect(await find({ AWS_SHARED_CREDENTIALS_FILE })).toMatchObject({
      accessKeyId: 'F',
      secretAccessKey: 'S',
      sessionToken: 'T',
      source: 'the profile default',
    });
    const variables = {
      AWS_ACCESS_KEY_ID: 'ID',
      AWS_SECRET_ACCESS_KEY: 'SECRET',
      AWS_SESSION_TOKEN: 'TOKEN',
    };
    expect(await find({ AWS_SHARED_CREDENTIALS_FILE, ...variables })).toMatchObject(KEYS);
  });
  test('none, half of a pair and a profile of another kind say what to do', async () => {
    await expect(find({})).rejects.toThrow('There are no credentials for S3: set AWS_ACCESS_KEY');
    await expect(find({ AWS_ACCESS_KEY_ID: 'ID' })).rejects.toThrow('belong together');
    const AWS_CONFIG_FILE = await file('config', '[default]\nsso_session = office\n');
    await expect(find({ AWS_CONFIG_FILE })).rejects.toThrow('aws configure export-credentials');
  });
});

describe('the role of a container', () => {
  test('the service gets the token of the file, also a new one', async () => {
    const server = await serve(() => ({ body: JSON_KEYS }));
    const tokenFile = await file('token', 'first\n');
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${server.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    };
    expect(await find(env)).toMatchObject(EXPIRES);
    await writeFile(tokenFile, 'second');
    await find(env);
    expect(server.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ['/v1/credentials', 'first'],
      ['/v1/credentials', 'second'],
    ]);
  });
  test('the token never leaves for another machine without TLS', async () => {
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://203.0.113.7/credentials' };
    await expect(find(env)).rejects.toThrow('it must be https, or an address of this machine');
  });
  test('a service that fails or gives no keys is named', async () => {
    const server = await serve((_request, nth) => (nth < 3 ? { status: 500 } : { body: '{}' }));
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: server.url };
    await expect(find(env)).rejects.toThrow(
      'the role of the container (AWS_CONTAINER_CREDENTIALS_…) gives no credentials: its reply',
    );
    expect(server.seen).toHaveLength(3);
  });
});

describe('the role of a machine', () => {
  const metadata = (url: string): Env => ({
    AWS_EC2_METADATA_DISABLED: 'false',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
  });
  test('the metadata service gives a token first, then the role and its keys', async () => {
    const server = await serve(({ method, url, headers }) => {
      if (method === 'PUT') return { body: 'session' };
      if (headers['x-aws-ec2-metadata-token'] !== 'session') return { status: 401 };
      return { body: url.endsWith('/') ? 'my-role\n' : JSON_KEYS };
    });
    expect(await find(metadata(server.url))).toMatchObject(EXPIRES);
    expect(server.seen.at(-1)?.url).toBe('/latest/meta-data/iam/security-credentials/my-role');
  });
  test('a machine without the service or without a role has no credentials', async () => {
    const server = await serve(({ method }) =>
      method === 'PUT' ? { body: 't' } : { status: 404 },
    );
    await expect(find(metadata(server.url))).rejects.toThrow('There are no credentials');
    await expect(find(metadata('http://127.0.0.1:9'))).rejects.toThrow('There are no credentials');
  });
});

describe('the role of a service account', () => {
  const xml =
    '<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>ID</AccessKeyId>' +
    '<SecretAccessKey>SECRET</SecretAccessKey><SessionToken>TOKEN</SessionToken>' +
    '<Expiration>2027-01-01T00:00:00Z</Expiration></Credentials>' +
    '</AssumeRoleWithWebIdentityResponse>';
  const identity = async (url: string): Promise<Env> => ({
    AWS_ENDPOINT_URL_STS: url,
    AWS_WEB_IDENTITY_TOKEN_FILE: await file('token', 'a.jwt.token\n'),
    AWS_ROLE_ARN: 'arn:aws:iam::1:role/backup',
  });
  test('STS gets the token in the body, and gives keys', async () => {
    const server = await serve(() => ({ body: xml }));
    expect(await find(await identity(server.url))).toMatchObject(EXPIRES);
    const [{ method, url, body }] = server.seen as [(typeof server.seen)[0]];
    expect([method, url]).toEqual(['POST', '/']);
    expect(new URLSearchParams(`${body}`).get('WebIdentityToken')).toBe('a.jwt.token');
  });
  test('a refusal and an absent service are named', async () => {
    const page = '<Error><Code>InvalidIdentityToken</Code><Message>It expired</Message></Error>';
    const server = await serve(() => ({ status: 400, body: page }));
    await expect(find(await identity(server.url))).rejects.toThrow(/STS refused .*: It expired/);
    await expect(find(await identity('http://127.0.0.1:9'))).rejects.toThrow('cannot reach');
  });
});

describe('renewal', () => {
  const minute = 60_000;
  test('credentials are renewed before they expire, and kept if that fails', async () => {
    const clock = new ManualClock(0);
    let reads = 0;
    let works = true;
    const chain = new CredentialChain(async () => {
      reads++;
      if (!works) throw new Error('no answer');
      return { ...KEYS, source: 'a test', expiresMs: clock.nowMs() + 60 * minute };
    }, clock);
    const [one, two] = await Promise.all([chain.current(), chain.current()]);
    expect([reads, one === two]).toEqual([1, true]);
    clock.advanceSeconds(54 * 60);
    await chain.current();
    expect(reads).toBe(1);
    works = false;
    clock.advanceSeconds(3 * 60);
    expect(await chain.current()).toBe(one);
    clock.advanceSeconds(4 * 60);
    await expect(chain.current()).rejects.toThrow('no answer');
    works = true;
    expect((await chain.current()).expiresMs).toBe(clock.nowMs() + 60 * minute);
  });
});
