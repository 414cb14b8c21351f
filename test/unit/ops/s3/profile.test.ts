import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readProfile, sectionsOf } from '../../../../src/ops/s3/profile.ts';
import { serviceOf } from '../../../../src/ops/s3/settings.ts';
import { temporaryFolder } from '../../../support/folder.ts';

describe('the files of the AWS command line', () => {
  test('sections have settings, comments and nested settings', () => {
    const text = [
      '# a comment',
      '[default]',
      'region = eu-west-1 ; the office',
      'aws_secret_access_key=a/b=c+d',
      '',
      '[profile  other ]',
      's3 =',
      '  endpoint_url = http://s3.example.net',
      'region=us-west-2\r',
    ].join('\n');
    expect(Object.fromEntries(sectionsOf(text))).toEqual({
      default: { region: 'eu-west-1', aws_secret_access_key: 'a/b=c+d' },
      'profile other': {
        s3: '',
        's3.endpoint_url': 'http://s3.example.net',
        region: 'us-west-2',
      },
    });
  });

  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());
  const files = async (config: string, credentials: string) => {
    const env = {
      AWS_CONFIG_FILE: join(folder.path, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder.path, 'credentials'),
    };
    await writeFile(env.AWS_CONFIG_FILE, config);
    await writeFile(env.AWS_SHARED_CREDENTIALS_FILE, credentials);
    return env;
  };
  test('a profile has the settings of both files', async () => {
    const env = await files(
      '[profile ops]\nregion=eu-north-1\nservices=minio\n' +
        '[services minio]\ns3=\n endpoint_url=http://m',
      '[ops]\naws_access_key_id=ID\n[default]\naws_access_key_id=OTHER\n',
    );
    const { settings } = await readProfile({ ...env, AWS_PROFILE: 'ops' });
    expect(settings).toMatchObject({
      region: 'eu-north-1',
      aws_access_key_id: 'ID',
      endpoint_url: 'http://m',
    });
  });
  test('no files are an empty default profile; a named one must be somewhere', async () => {
    const env = { HOME: folder.path };
    expect((await readProfile(env)).settings).toEqual({});
    await expect(readProfile({ ...env, AWS_PROFILE: 'ops' })).rejects.toThrow(
      'There is no profile ops in',
    );
  });
});

describe('the service', () => {
  const of = (env: Readonly<Record<string, string>>, bucket = 'backups', settings = {}) =>
    serviceOf(env, { name: 'default', settings }, bucket);
  const placeOf = async (...args: Parameters<typeof of>) => {
    const { origin, basePath, region } = await of(...args);
    return `${origin.origin}${basePath} ${region}`;
  };
  test('AWS has a host for each bucket, except for one with dots', async () => {
    const env = { AWS_REGION: 'eu-west-1' };
    expect(await placeOf(env)).toBe('https://backups.s3.eu-west-1.amazonaws.com eu-west-1');
    expect(await placeOf(env, 'a.b')).toBe('https://s3.eu-west-1.amazonaws.com/a.b eu-west-1');
    expect(await placeOf({ AWS_DEFAULT_REGION: 'cn-north-1' })).toBe(
      'https://backups.s3.cn-north-1.amazonaws.com.cn cn-north-1',
    );
  });
  test('an endpoint has the bucket in its paths, and needs no region', async () => {
    const settings = { endpoint_url: 'http://profile' };
    expect(await placeOf({}, 'backups', settings)).toBe('http://profile/backups us-east-1');
    const general = { AWS_ENDPOINT_URL: 'https://general:9000/base/' };
    expect(await placeOf(general, 'backups', settings)).toBe(
      'https://general:9000/base/backups us-east-1',
    );
    const own = { ...general, AWS_ENDPOINT_URL_S3: 'http://own', AWS_REGION: 'x' };
    expect(await placeOf(own)).toBe('http://own/backups x');
    const ignored = { ...own, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    expect(await placeOf(ignored)).toBe('https://backups.s3.x.amazonaws.com x');
  });
  test('an unknown region and a wrong endpoint say what to set', async () => {
    await expect(of({})).rejects.toThrow('set AWS_REGION');
    await expect(of({ AWS_ENDPOINT_URL_S3: 'ftp://x' })).rejects.toThrow('is no endpoint of S3');
  });
});
