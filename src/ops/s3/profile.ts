/** The files of the AWS command line: `~/.aws/config` and `~/.aws/credentials`. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CodedError, fileReason, readRegularFile } from '../../base/index.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/** The settings of one profile, of both files; those of `credentials` count more. */
export interface Profile {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

const FILE_BYTES_MAX = 1 << 20;

/**
 * The profile that `AWS_PROFILE` names, else `default`. Files that do not exist are empty.
 * @throws {CodedError} `ERR_S3` if a file cannot be read, or a named profile is in none.
 */
export async function readProfile(env: Env): Promise<Profile> {
  const name = env['AWS_PROFILE'] || env['AWS_DEFAULT_PROFILE'] || 'default';
  const folder = join(env['HOME'] || homedir(), '.aws');
  const configFile = env['AWS_CONFIG_FILE'] || join(folder, 'config');
  const keyFile = env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials');
  const config = sectionsOf(await textOfFile(configFile));
  const keys = sectionsOf(await textOfFile(keyFile));
  const ofConfig = config.get(name === 'default' ? name : `profile ${name}`);
  const ofKeys = keys.get(name);
  const services = config.get(`services ${ofConfig?.['services']}`)?.['s3.endpoint_url'];
  if (ofConfig === undefined && ofKeys === undefined && name !== 'default') {
    const text = `There is no profile ${name} in ${configFile} or ${keyFile}: correct AWS_PROFILE.`;
    throw new CodedError('ERR_S3', text);
  }
  const own = services === undefined ? {} : { endpoint_url: services };
  return { name, settings: { ...ofConfig, ...own, ...ofKeys } };
}

/** `name = value` of each `[section]`; an indented one belongs to the name before: `s3.name`. */
export function sectionsOf(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let settings: Record<string, string> = {};
  let parent = '';
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\[\s*([^\]]*?)\s*\]/.exec(line) ?? [];
    const [, indent, name, value] = /^(\s*)([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      settings = sections.get(section) ?? {};
      sections.set(section.replace(/\s+/, ' '), settings);
    } else if (name !== undefined && value !== undefined) {
      if (indent === '') parent = name;
      settings[indent === '' ? name : `${parent}.${name}`] = value.replace(/\s[#;].*$/, '');
    }
  }
  return sections;
}

async function textOfFile(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, FILE_BYTES_MAX)).bytes.toString('utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new CodedError('ERR_S3', `Cannot read ${path}: ${fileReason(cause, path, 'read')}.`, {
      cause,
    });
  }
}
