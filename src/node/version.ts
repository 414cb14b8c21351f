import { readFileSync } from 'node:fs';

/**
 * The reply to `version`: the memcached version whose protocol and replies the node implements. It
 * is a bare version number because clients parse it (npm's memcached from its end).
 */
export const PROTOCOL_VERSION = '1.6.18';

/** The version of the package. package.json is two folders up from both src/node and dist/node. */
export function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}
