import { CodedError, fileReason, readRegularFile } from '../../base/index.ts';
import type { Credentials } from './aws-keys.ts';
import { Http, pageOf } from './http.ts';
import type { Env, Profile } from './profile.ts';
import { s3Failure } from './s3-failure.ts';
import { textOf } from './xml.ts';

const TOKEN_BYTES_MAX = 64 << 10;
const LIMITS = { silentMs: 10_000, totalMs: 20_000 };
const WHAT = 'the role of the service account (AWS_ROLE_ARN)';

/** The role of a service account of Kubernetes, which STS gives for its token. */
export async function webIdentityKeys(
  env: Env,
  _profile: Profile,
  region: string,
): Promise<Credentials | undefined> {
  const file = env['AWS_WEB_IDENTITY_TOKEN_FILE'];
  const role = env['AWS_ROLE_ARN'];
  if (!file || !role) return undefined;
  const token = (await readToken(file)).trim();
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: env['AWS_ROLE_SESSION_NAME'] || 'slabring',
    WebIdentityToken: token,
  });
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const origin = new URL(env['AWS_ENDPOINT_URL_STS'] || `https://sts.${region}.${suffix}`);
  const xml = await post(origin, Buffer.from(form.toString()));
  const [accessKeyId, secretAccessKey, sessionToken, expiration] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((name) => textOf(xml, name));
  if (!accessKeyId || !secretAccessKey) throw s3Failure(`${WHAT}: STS gave no keys.`);
  const parsed = Date.parse(expiration ?? '');
  const expiresMs = Number.isNaN(parsed) ? undefined : parsed;
  return { accessKeyId, secretAccessKey, sessionToken, source: WHAT, expiresMs };
}

async function post(origin: URL, body: Buffer): Promise<string> {
  const http = new Http(origin);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  try {
    const response = await http.send({ method: 'POST', origin, path: '/', headers, body }, LIMITS);
    const text = await pageOf(response);
    if (response.statusCode === 200) return text;
    const reason = textOf(text, 'Message') ?? `HTTP ${response.statusCode}`;
    throw s3Failure(`${WHAT}: STS refused the token: ${reason}`);
  } catch (cause) {
    if (cause instanceof Error && !(cause instanceof CodedError)) {
      throw s3Failure(`${WHAT}: cannot reach ${origin.origin}: ${cause.message}.`, cause);
    }
    throw cause;
  } finally {
    http.close();
  }
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readRegularFile(file, TOKEN_BYTES_MAX)).bytes.toString('utf8');
  } catch (cause) {
    throw s3Failure(
      `Cannot read the token file ${file}: ${fileReason(cause, file, 'read')}.`,
      cause,
    );
  }
}
