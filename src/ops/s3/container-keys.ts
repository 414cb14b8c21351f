import { fileReason, readRegularFile } from '../../base/index.ts';
import type { Credentials } from './aws-keys.ts';
import { askLocal, credentialsIn } from './key-endpoint.ts';
import type { Env } from './profile.ts';
import { s3Failure } from './s3-failure.ts';

const ECS = 'http://169.254.170.2';
/** The addresses of ECS and of EKS Pod Identity, which no other machine can have. */
const LOCAL_HOSTS = new Set(['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', 'localhost']);
const TOKEN_BYTES_MAX = 64 << 10;
const WHAT = 'the role of the container (AWS_CONTAINER_CREDENTIALS_…)';

/** The role of an ECS task, or of a pod of EKS (Pod Identity). */
export async function containerKeys(env: Env): Promise<Credentials | undefined> {
  const relative = env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'];
  const full = relative ? `${ECS}${relative}` : env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
  if (!full) return undefined;
  const url = URL.parse(full);
  if (url === null || !isLocal(url)) {
    throw s3Failure(
      `AWS_CONTAINER_CREDENTIALS_FULL_URI is "${full}": it must be https, or an address of this ` +
        'machine.',
    );
  }
  const token = await tokenOf(env);
  const headers = token === undefined ? {} : { authorization: token };
  return credentialsIn(await askLocal(WHAT, 'GET', url.href, headers), WHAT);
}

const isLocal = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' ||
  (protocol === 'http:' &&
    (LOCAL_HOSTS.has(hostname) || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname)));

async function tokenOf(env: Env): Promise<string | undefined> {
  const file = env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'];
  if (!file) return env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || undefined;
  try {
    return (await readRegularFile(file, TOKEN_BYTES_MAX)).bytes.toString('utf8').trim();
  } catch (cause) {
    throw s3Failure(
      `Cannot read the token file ${file}: ${fileReason(cause, file, 'read')}.`,
      cause,
    );
  }
}
