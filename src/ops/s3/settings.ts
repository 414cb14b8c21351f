import { CodedError, fileReason, readRegularFile } from '../../base/index.ts';
import type { Env, Profile } from './profile.ts';

/** Where the service is. */
export interface Service {
  /** The origin of requests for the bucket. */
  readonly origin: URL;
  /** What stands before the key in paths: nothing, or the bucket. */
  readonly basePath: string;
  readonly region: string;
  /** Extra CA of its certificate. */
  readonly ca: Buffer | undefined;
}

const CA_BYTES_MAX = 4 << 20;
/** The region of a service that knows none. */
const ANY_REGION = 'us-east-1';

/**
 * The service by the variables and the profile of AWS.
 * @throws {CodedError} `ERR_USAGE` or `ERR_S3`.
 */
export async function serviceOf(env: Env, profile: Profile, bucket: string): Promise<Service> {
  const { settings } = profile;
  const endpoint = endpointOf(env, settings);
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || settings['region'];
  const ca = await caOf(env['AWS_CA_BUNDLE'] || settings['ca_bundle']);
  if (endpoint !== undefined) {
    const origin = urlOf(endpoint);
    const basePath = `${origin.pathname.replace(/\/+$/, '')}/${bucket}`;
    return { origin, basePath, region: region ?? ANY_REGION, ca };
  }
  if (region === undefined) {
    throw new CodedError(
      'ERR_S3',
      `The region of the bucket ${bucket} is not set: set AWS_REGION, or region in the profile ` +
        `${profile.name}; for another service than AWS set AWS_ENDPOINT_URL_S3.`,
    );
  }
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const host = `s3.${region}.${suffix}`;
  // A certificate covers one label before the host.
  if (!/^[a-z0-9-]+$/.test(bucket)) {
    return { origin: urlOf(`https://${host}`), basePath: `/${bucket}`, region, ca };
  }
  return { origin: urlOf(`https://${bucket}.${host}`), basePath: '', region, ca };
}

function endpointOf(env: Env, settings: Profile['settings']): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined;
  return (
    env['AWS_ENDPOINT_URL_S3'] ||
    env['AWS_ENDPOINT_URL'] ||
    settings['s3.endpoint_url'] ||
    settings['endpoint_url']
  );
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === '') return url;
  const example = 'use one such as https://s3.example.net:9000';
  throw new CodedError('ERR_USAGE', `"${text}" is no endpoint of S3: ${example}.`);
}

async function caOf(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined || path === '') return undefined;
  try {
    return (await readRegularFile(path, CA_BYTES_MAX)).bytes;
  } catch (cause) {
    const text = `Cannot read the CA file ${path}: ${fileReason(cause, path, 'read')}.`;
    throw new CodedError('ERR_S3', text, { cause });
  }
}
