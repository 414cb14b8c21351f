import type { Credentials } from './aws-keys.ts';
import { askLocal, credentialsIn } from './key-endpoint.ts';
import type { Env } from './profile.ts';

const METADATA = 'http://169.254.169.254';
const TOKEN_SECONDS = 21_600;
const ROLES = '/latest/meta-data/iam/security-credentials/';
const WHAT = 'the role of the machine (EC2 instance metadata)';

/** The role of an EC2 instance, by its metadata service, version 2. */
export async function instanceKeys(env: Env): Promise<Credentials | undefined> {
  if (env['AWS_EC2_METADATA_DISABLED']?.toLowerCase() === 'true') return undefined;
  const base = (env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || METADATA).replace(/\/+$/, '');
  const token = await askLocal(WHAT, 'PUT', `${base}/latest/api/token`, {
    'x-aws-ec2-metadata-token-ttl-seconds': `${TOKEN_SECONDS}`,
    'content-length': '0',
  }).catch(() => undefined);
  // Other machines have no such service.
  if (token?.status !== 200) return undefined;
  const headers = { 'x-aws-ec2-metadata-token': token.text };
  const roles = await askLocal(WHAT, 'GET', `${base}${ROLES}`, headers);
  if (roles.status === 404) return undefined;
  const [role = ''] = roles.text.trim().split('\n');
  const url = `${base}${ROLES}${encodeURIComponent(role)}`;
  return credentialsIn(await askLocal(WHAT, 'GET', url, headers), WHAT);
}
