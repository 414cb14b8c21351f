import { type Clock, CodedError, machineClock } from '../../base/index.ts';
import type { Credentials } from './aws-keys.ts';
import { containerKeys } from './container-keys.ts';
import { instanceKeys } from './instance-keys.ts';
import type { Env, Profile } from './profile.ts';
import { webIdentityKeys } from './web-identity-keys.ts';

/** A place that may have credentials; undefined if this machine does not have that place. */
type CredentialPlace = (
  env: Env,
  profile: Profile,
  region: string,
) => Promise<Credentials | undefined> | Credentials | undefined;

/** New ones are requested this long before the old ones expire. */
const REFRESH_BEFORE_MS = 300_000;

/** The order of the AWS tools. */
const PLACES: readonly CredentialPlace[] = [
  environmentKeys,
  webIdentityKeys,
  profileKeys,
  containerKeys,
  instanceKeys,
];

/** The credentials of this machine, renewed before they expire. */
export class CredentialChain {
  readonly #read: () => Promise<Credentials>;
  readonly #clock: Clock;
  #known: Credentials | undefined;
  #reading: Promise<Credentials> | undefined;

  constructor(read: () => Promise<Credentials>, clock: Clock = machineClock) {
    this.#read = read;
    this.#clock = clock;
  }

  /** @throws {CodedError} `ERR_S3` if there are none. */
  async current(): Promise<Credentials> {
    const known = this.#known;
    const leftMs = (known?.expiresMs ?? Number.POSITIVE_INFINITY) - this.#clock.nowMs();
    if (known !== undefined && leftMs > REFRESH_BEFORE_MS) return known;
    try {
      return await this.#renewed();
    } catch (error) {
      if (known !== undefined && leftMs > 0) return known;
      throw error;
    }
  }

  /** The service has refused them. */
  forget(): void {
    this.#known = undefined;
  }

  #renewed(): Promise<Credentials> {
    this.#reading ??= this.#read()
      .then((credentials) => {
        this.#known = credentials;
        return credentials;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }
}

/** @throws {CodedError} `ERR_S3` if no place has any. */
export async function findCredentials(
  env: Env,
  profile: Profile,
  region: string,
): Promise<Credentials> {
  for (const place of PLACES) {
    const found = await place(env, profile, region);
    if (found !== undefined) return found;
  }
  throw new CodedError(
    'ERR_S3',
    'There are no credentials for S3: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ' +
      'AWS_PROFILE with ~/.aws/credentials, or give the machine or the container a role.',
  );
}

function environmentKeys(env: Env): Credentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const text = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: set both, or none.';
    throw new CodedError('ERR_S3', text);
  }
  const sessionToken = env['AWS_SESSION_TOKEN'] || undefined;
  const source = 'AWS_ACCESS_KEY_ID';
  return { accessKeyId, secretAccessKey, sessionToken, source, expiresMs: undefined };
}

/** What else a profile may have; each needs a program or a service that slabring does not call. */
const OTHER_KINDS = ['sso_session', 'sso_start_url', 'role_arn', 'credential_process'];

function profileKeys(_env: Env, { name, settings }: Profile): Credentials | undefined {
  const accessKeyId = settings['aws_access_key_id'];
  const secretAccessKey = settings['aws_secret_access_key'];
  if (accessKeyId && secretAccessKey) {
    const sessionToken = settings['aws_session_token'] || undefined;
    const source = `the profile ${name}`;
    return { accessKeyId, secretAccessKey, sessionToken, source, expiresMs: undefined };
  }
  const other = OTHER_KINDS.find((kind) => settings[kind] !== undefined);
  if (other === undefined) return undefined;
  throw new CodedError(
    'ERR_S3',
    `The profile ${name} gets its credentials by ${other}, which slabring does not read. Set ` +
      `them in the environment: eval "$(aws configure export-credentials --profile ${name} ` +
      '--format env)".',
  );
}
